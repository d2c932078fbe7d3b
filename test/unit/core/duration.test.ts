import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "#lib/core/duration.ts";

test.each([
  ["90", 90_000],
  ["90s", 90_000],
  ["15m", 900_000],
  ["12h", 43_200_000],
  ["2d", 172_800_000],
  ["0", 0],
])("parseDuration() reads %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "s", "1.5h", "-1s", "1h30m", "5 m", "5M", "1w", "90s\n"])(
  "parseDuration() does not guess what %j means",
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test.each([
  [0, "0s"],
  [40, "0s"],
  [4200, "4.2s"],
  [5000, "5s"],
  [9949, "9.9s"],
  [9950, "10s"],
  [59_499, "59s"],
  [59_500, "1m 00s"],
  [187_000, "3m 07s"],
  [3_599_600, "1h 00m"],
  [3_720_000, "1h 02m"],
  [86_399_000, "1d 00h"],
  [183_600_000, "2d 03h"],
])("formatDuration() shows %d ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("formatDuration() never shows a full unit as a part of the next one", () => {
  fc.assert(
    fc.property(fc.nat(400 * 86_400_000), (ms) => {
      expect(formatDuration(ms)).not.toMatch(/ 60|^60[sm]|24h/);
    }),
  );
});
