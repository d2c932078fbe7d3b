import { describe, expect, test } from "bun:test";
import { parse } from "dotenv";
import fc from "fast-check";
import { parseConfig } from "#lib/config/parse-config.ts";

function valuesOf(text: string): Record<string, string> {
  const { values, problems } = parseConfig("f", text);
  expect(problems).toEqual([]);
  return Object.fromEntries([...values].map(([key, value]) => [key, value.text]));
}

describe("parseConfig()", () => {
  test("reads plain, quoted and commented values", () => {
    const text = '# c\n\nA=1\nexport B = two words # c\nC="x # y" # c\nD=\'it\'\nE=`"`\nF=\n';
    expect(valuesOf(text)).toEqual({ A: "1", B: "two words", C: "x # y", D: "it", E: '"', F: "" });
  });

  test("reads a quoted value of several lines and knows the line on which each key begins", () => {
    const { values, problems } = parseConfig("f", 'A="one\n# two\nKEY=three"\nB=4\n');
    expect(problems).toEqual([]);
    expect(values.get("A")).toEqual({ text: "one\n# two\nKEY=three", line: 1 });
    expect(values.get("B")).toEqual({ text: "4", line: 4 });
  });

  test("bears a byte order mark and the line ends of other systems", () => {
    expect(valuesOf('\uFEFFA=1\r\nB="x\r\ny"\r\n')).toEqual({ A: "1", B: "x\ny" });
    expect(valuesOf("A=1\rB=2")).toEqual({ A: "1", B: "2" });
  });

  test("expands nothing", () => {
    expect(valuesOf('A=$HOME\nB="`id` $(id)"\n')).toEqual({ A: "$HOME", B: "`id` $(id)" });
  });

  test.each([
    ["A=1\njust words\n", "f:2 is no setting: expected KEY=value"],
    ["A=1\n=2\n", "f:2 is no setting: expected KEY=value"],
    ["MY KEY=1\n", "f:1 is no setting: expected KEY=value"],
    ["A: 1\n", "f:1 is no setting: expected KEY=value"],
    ["A=1\nB=2\nA=1\n", "f:3 A is given twice, first in line 1"],
    ["A=\nA=1\n", "f:2 A is given twice, first in line 1"],
    ["A=pass#word\n", 'f:1 A holds a "#": put the value in quotes'],
    ["A=#word\n", 'f:1 A holds a "#": put the value in quotes'],
    ['A="x\nB=1\n', 'f:1 A begins with " but no line ends with it'],
    ["A='x' y\nB=1\n", "f:1 A begins with ' but no line ends with it"],
    ["A=\uFFFD\n", "f:1 A holds bytes that are no UTF-8"],
    ['A="\uFFFD"\n', "f:1 A holds bytes that are no UTF-8"],
  ])("does not pass over %j", (text, problem) => {
    expect(parseConfig("f", text).problems).toEqual([problem]);
  });

  test("lets an open quote swallow no other key", () => {
    const { values, problems } = parseConfig("f", 'A="first\nB="second"\nC=3\n');
    expect(problems).toHaveLength(1);
    expect(values.get("B")).toEqual({ text: "second", line: 2 });
    expect(values.get("C")).toEqual({ text: "3", line: 3 });
  });

  test("gives what dotenv gives, wherever it finds nothing wrong", () => {
    const piece = fc.constantFrom(
      "A=",
      "B=",
      '"',
      "'",
      "`",
      "#",
      "\\",
      "\n",
      "\r\n",
      " ",
      "x",
      "$y",
      "export ",
      "=",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const text = pieces.join("");
        const { values, problems } = parseConfig("f", text);
        if (problems.length > 0) return;
        expect(Object.fromEntries([...values].map(([key, value]) => [key, value.text]))).toEqual(parse(text));
      }),
      { numRuns: 3000 },
    );
  });
});
