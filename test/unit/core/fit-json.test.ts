import { describe, expect, test } from "bun:test";
import { fitJson } from "#lib/core/fit-json.ts";

const format = (text: string) => (bytes: number) => ({ text: text.slice(0, bytes) });

describe("fitJson()", () => {
  test("leaves a text alone whose JSON passes", () => {
    expect(fitJson(format("x".repeat(89)), 100, 100)).toBe(`{"text":"${"x".repeat(89)}"}`);
  });

  test("cuts a text that escapes make too long until it passes", () => {
    const json = fitJson(format("\u0001".repeat(100)), 100, 200);
    expect(json.length).toBeWithin(100, 201);
    expect(JSON.parse(json).text).toBe("\u0001".repeat(25));
  });

  test("ends also where nothing helps", () => {
    expect(fitJson(format("\u0001"), 100, 1)).toBe('{"text":"\\u0001"}');
  });
});
