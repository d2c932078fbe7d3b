import { expect, test } from "bun:test";
import { parseTimeSpan } from "#lib/core/time-span.ts";

const hourMs = 3_600_000;

test("parseTimeSpan() reads what systemd takes, and nothing else", () => {
  const spans = {
    "1w": 168 * hourMs,
    "1 week 2d": 216 * hourMs,
    "1h 30min": 1.5 * hourMs,
    "1h30m": 1.5 * hourMs,
    "2 hours": 2 * hourMs,
    "5400": 1.5 * hourMs,
    "0.5d": 12 * hourMs,
    "500ms": 500,
  };
  const read = Object.fromEntries(Object.keys(spans).map((text) => [text, parseTimeSpan(text)]));
  expect(read).toEqual(spans);
  expect(["", "infinity", "1 fortnight", "-1h", "Mon 03:00"].map(parseTimeSpan)).toEqual(
    Array(5).fill(undefined),
  );
});
