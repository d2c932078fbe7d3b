import { describe, expect, test } from "bun:test";
import { headerText } from "#lib/core/header-text.ts";

describe("headerText()", () => {
  test.each([
    ["app\r\nBcc: all@example.org", "app Bcc: all@example.org"],
    ["a\n\n\nb", "a b"],
    ["a\u0085b\u2028c\u2029d", "a b c d"],
    ["\u001b[31mred\u0000", "[31mred"],
    ["  größer 😀 ", "größer 😀"],
  ])("makes one line of %j", (text, line) => {
    expect(headerText(text)).toBe(line);
  });
});
