import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readEnvNames } from "#lib/core/env-names.ts";

const namesOf = (text: string) => readEnvNames(text).names;

describe("readEnvNames()", () => {
  test.each([
    ["A=1\nB = two\nexport C=3", ["A", "B", "C"]],
    ["A=1\r\nB='two'\r\nC=\r\n", ["A", "B", "C"]],
    ["# A=1\n\n  D=x # y=1", ["D"]],
    ["app.name=x\nEMPTY=\nlower=", ["app.name", "EMPTY", "lower"]],
    ['A="x" # it\'s "quoted"\nB=1', ["A", "B"]],
    ["A='C:\\dir\\'\nB=1", ["A", "B"]],
    ["A=it's\nB=1", ["A", "B"]],
  ])("finds all names in %j", (text, names) => {
    expect(readEnvNames(text)).toEqual({ names, passedOver: 0 });
  });

  test.each([
    ["double quotes", 'KEY="one\nX=2\nend"\nB=1'],
    ["single quotes", "KEY='one\nX=2'\nB=1"],
    ["backticks", "KEY=`one\nX=2`\nB=1"],
    ["an escaped quote before its end", 'KEY="a \\" b\nX=1"\nB=1'],
    ["a quote within its lines", "KEY='{\"a\":\n'x' X=1\nX=2\n}'\nB=1"],
    ["a backslash at the end of a line", "KEY=abc\\\nX=2\\\nX=3\nB=1"],
    ["a PEM block without quotes", "KEY=-----BEGIN KEY-----\nMIIX=\nX=\n-----END KEY-----\nB=1"],
  ])("takes nothing from a value over several lines: %s", (_what, text) => {
    expect(readEnvNames(text)).toEqual({ names: ["KEY", "B"], passedOver: 0 });
  });

  test("passes over what could be the rest of a value, until a line that is surely none, and counts it", () => {
    expect(readEnvNames("KEY=abcd\nc2Vj+mV0\nX1=\n\nB=1")).toEqual({ names: ["KEY", "B"], passedOver: 2 });
    expect(readEnvNames("KEY=abcd\nc2VjcmV0==\n# next\nB=1")).toEqual({ names: ["KEY", "B"], passedOver: 1 });
    expect(readEnvNames("KEY=abcd\nc2VjcmV0=\n# next\nB=1")).toEqual({ names: ["KEY", "B"], passedOver: 1 });
  });

  test("says that a quote never ends instead of taking what follows for names", () => {
    expect(readEnvNames('A="x\nB=1\nC=2')).toEqual({ names: ["A"], passedOver: 1 });
  });

  test.each(['"', "'", "`"])("finds exactly the names whatever is in values within %s", (quote) => {
    const unit = fc.constantFrom("S", "=", " ", "#", "\n", "'", '"', "`", "\\", "\nNAME_X=s");
    const value = fc
      .string({ maxLength: 40, unit })
      .map((text) => text.replaceAll(quote, "").replaceAll("\\", quote === "'" ? "\\" : "\\\\"));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (values) => {
        const text = values.map((each, index) => `NAME_${index}=${quote}${each}${quote}\n`).join("");
        expect(namesOf(text)).toEqual(values.map((_each, index) => `NAME_${index}`));
      }),
      { numRuns: 1000 },
    );
  });
});
