import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fitText } from "#lib/core/fit-text.ts";

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
});
