import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { listSystemItems, readEnvNames } from "#lib/core/system-items.ts";

describe("listSystemItems()", () => {
  const items = listSystemItems("/srv/app");

  test("names every item and every file once", () => {
    const ids = items.map(({ id }) => id);
    const files = items.flatMap((item) => (item.kind === "paths" ? [] : [item.file]));
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(files).size).toBe(files.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
    for (const file of files) expect(file).toMatch(/^[a-z0-9-]+\.txt$/);
  });

  test("asks nobody outside, and takes neither shadow nor keys by name", () => {
    const text = JSON.stringify(items);
    expect(text).not.toMatch(/https?:|curl|wget|\/shadow|gshadow|ssl\/private|letsencrypt\/(?:live|archive)/);
  });
});

describe("readEnvNames()", () => {
  test.each([
    ["A=1\nB = two\nexport C=3", ["A", "B", "C"]],
    ["# A=1\n\n  D=x # y=1", ["D"]],
    ['KEY="one\nX=2\nend"\nB=1', ["KEY", "B"]],
    ["KEY='one\nX=2'\nB=1", ["KEY", "B"]],
    ['KEY="a \\" b\nX=1"\nB=1', ["KEY", "B"]],
    ["no variable\n=x\n1A=2", []],
  ])("of %j are %j", (text, names) => {
    expect(readEnvNames(text)).toEqual(names);
  });

  test("never hold a part of a value", () => {
    const value = fc.string({ maxLength: 60, unit: fc.constantFrom("S", "=", " ", "#", "'", "A", "\\") });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (values) => {
        const text = values
          .map((each, index) => `NAME_${index}="${each.replaceAll(/["\\]/g, "")}"\n`)
          .join("");
        expect(readEnvNames(text)).toEqual(values.map((_each, index) => `NAME_${index}`));
      }),
    );
  });
});
