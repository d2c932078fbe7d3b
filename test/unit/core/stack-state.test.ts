import { expect, test } from "bun:test";
import { judgeStack } from "#lib/core/stack-state.ts";
import { fakeContainer } from "#test/support/fake-docker.ts";

test.each([
  [[], "not-found"],
  [["exited", "created", "dead"], "stopped"],
  [["exited", "running"], "running"],
  [["restarting"], "running"],
  [["paused", "exited"], "running"],
  [["running", "removing"], "unknown"],
  [["exited", "unknown"], "unknown"],
] as const)("judgeStack() of containers that are %p: %s", (states, judgement) => {
  expect(judgeStack(states.map((state, index) => fakeContainer(`${index}`, { state })))).toBe(judgement);
});

test("judgeStack() knows nothing when docker could not be asked", () => {
  expect(judgeStack(undefined)).toBe("unknown");
});
