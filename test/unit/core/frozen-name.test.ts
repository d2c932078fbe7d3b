import { describe, expect, test } from "bun:test";
import { frozenName, isFrozenName } from "#lib/core/frozen-name.ts";

const runId = "1a2b3c4d-0000-4000-8000-000000000000";

describe("frozenName()", () => {
  test.each([
    ["plex", ".lastgood-1a2b3c4d-plex-0"],
    ["my stack", ".lastgood-1a2b3c4d-my_stack-0"],
    ["../../etc", ".lastgood-1a2b3c4d-.._.._etc-0"],
    ["a@b/c\n", ".lastgood-1a2b3c4d-a_b_c_-0"],
  ])("of %j is one name, and one of ours", (stack, expected) => {
    expect(frozenName(runId, stack, 0)).toBe(expected);
    expect(isFrozenName(expected)).toBe(true);
  });

  test("fits a file system's limit however long the stack's name is", () => {
    expect(frozenName(runId, "x".repeat(400), 12).length).toBeLessThan(200);
  });
});

test.each([
  "",
  ".",
  "..",
  "plex",
  ".lastgood-",
  ".lastgood-plex-0",
  "lastgood-1a2b3c4d-plex-0",
  ".lastgood-1a2b3c4d-a/b",
])("isFrozenName() knows that %j is none of ours", (name) => {
  expect(isFrozenName(name)).toBe(false);
});
