import { describe, expect, test } from "bun:test";
import { inUndoOrder, isToRepeat, type UndoEntry } from "#lib/core/undo.ts";
import { stoppedStack } from "#test/support/fake-docker.ts";

const stack = stoppedStack(["db"]);
const commands: UndoEntry = { kind: "exec-post", project: "shop", services: ["db"] };

test("inUndoOrder() starts what is stopped before it runs commands in it", () => {
  expect(inUndoOrder([{ kind: "trial", project: "lastgood-drill-1" }, commands, stack])[0]).toBe(stack);
  expect(inUndoOrder([{ kind: "partial", root: "/b" }, commands])[0]).toBe(commands);
});

describe("isToRepeat()", () => {
  test("is true of the commands of a stack that could not be started", () => {
    expect(isToRepeat(commands, [stack])).toBe(true);
  });

  test("is false of another stack's, and of everything else", () => {
    expect(isToRepeat({ ...commands, project: "other" }, [stack])).toBe(false);
    expect(isToRepeat(stack, [stack])).toBe(false);
    expect(isToRepeat(commands, [])).toBe(false);
  });
});
