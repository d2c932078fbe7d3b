import { describe, expect, test } from "bun:test";
import { isTooLong, nameBeside } from "#lib/core/database-names.ts";

describe("nameBeside()", () => {
  test("adds to a name that leaves room", () => {
    expect(nameBeside("shop", "_before_20261121T030000Z")).toBe("shop_before_20261121T030000Z");
  });

  test.each([
    ["x".repeat(63), false],
    ["ä".repeat(32), true],
  ])("knows of %s whether it is too long for a server", (name, isIt) => {
    expect(isTooLong(name)).toBe(isIt);
  });

  test.each(["x".repeat(63), "ä".repeat(40), "😀".repeat(20)])(
    "shortens %s to what every server takes",
    (name) => {
      const beside = nameBeside(name, "_restored");
      expect(Buffer.byteLength(beside)).toBeLessThanOrEqual(63);
      expect(Buffer.byteLength(beside)).toBeGreaterThan(58);
      expect(beside.endsWith("_restored")).toBe(true);
      expect(beside).not.toContain("\uFFFD");
    },
  );
});
