import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fitLine, fitText } from "#lib/core/fit-text.ts";

const longText = fc
  .string({ unit: "binary", minLength: 350, maxLength: 500 })
  .filter((text) => text.isWellFormed() && !text.includes("\u{fffd}"));
const keep = fc.constantFrom("both" as const, "tail" as const);

describe("fitText()", () => {
  test("leaves a text alone that fits to the byte", () => {
    const text = "größer".repeat(100);
    expect(fitText(text, 800, "both")).toBe(text);
    expect(fitText(text, 800, "tail")).toBe(text);
    expect(fitText(text, 799, "both")).toContain("bytes left out");
  });

  test("keeps head and tail and says how many bytes are missing", () => {
    const text = `head ${"x".repeat(1000)} tail`;
    const fitted = fitText(text, 100, "both");
    const match = /^(head x+)\n\[… (\d+) bytes left out …\]\n(x+ tail)$/.exec(fitted);
    expect(match).not.toBeNull();
    const [, head = "", left, tail = ""] = match ?? [];
    expect(Number(left)).toBe(text.length - head.length - tail.length);
    expect(Math.abs(head.length - tail.length)).toBeLessThanOrEqual(1);
    expect(Buffer.byteLength(fitted)).toBeGreaterThanOrEqual(98);
  });

  test("keeps the tail alone when asked to", () => {
    expect(fitText(`head ${"x".repeat(1000)} tail`, 60, "tail")).toMatch(
      /^\[… \d+ bytes left out …\]\nx+ tail$/,
    );
  });

  test("keeps the tail alone where not even the line about it has room", () => {
    expect(fitText("0123456789".repeat(10), 5, "both")).toBe("56789");
  });

  test("never exceeds the limit and never splits a character", () => {
    fc.assert(
      fc.property(longText, fc.nat(300), keep, (text, max, kept) => {
        const fitted = fitText(text, max, kept);
        expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(max);
        expect(fitted).not.toContain("\u{fffd}");
      }),
    );
  });

  test("leaves out no more than it must", () => {
    fc.assert(
      fc.property(longText, fc.integer({ min: 60, max: 300 }), keep, (text, max, kept) => {
        // A cut character has up to three bytes that fit; the number may be shorter than was reserved for it.
        expect(Buffer.byteLength(fitText(text, max, kept))).toBeGreaterThanOrEqual(max - 8);
      }),
    );
  });

  test("counts characters as services do, when asked to", () => {
    const text = `head ${"ß".repeat(1000)} tail`;
    expect(fitText(text, text.length, "both", "characters")).toBe(text);
    const fitted = fitText(text, 100, "both", "characters");
    expect(fitted).toMatch(/^head ß+\n\[… \d+ characters left out …\]\nß+ tail$/);
    expect(fitted.length).toBeWithin(98, 101);
  });

  test("never exceeds a limit of characters and never parts the halves of one", () => {
    fc.assert(
      fc.property(longText, fc.nat(300), keep, (text, max, kept) => {
        const fitted = fitText(text, max, kept, "characters");
        expect(fitted.length).toBeLessThanOrEqual(max);
        expect(fitted.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe("fitLine()", () => {
  test.each([
    ["short", 5, "short"],
    ["longer", 5, "long…"],
    ["abc😀", 5, "abc😀"],
    ["abc😀x", 5, "abc…"],
    ["x", 1, "x"],
    ["xy", 1, "…"],
  ])("cuts %j to %d characters: %j", (line, limit, expected) => {
    expect(fitLine(line, limit)).toBe(expected);
  });
});
