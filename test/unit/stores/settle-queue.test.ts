import { expect, test } from "bun:test";
import { settleQueue } from "#lib/stores/settle-queue.ts";
import { enqueue, readQueue } from "#lib/stores/upload-queue.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { putSet } from "#test/unit/stores/stored-set.ts";

test("settleQueue() lets what got a name wait under that name, and what got none wait no more", async () => {
  await using sandbox = await createSandbox();
  const queue = sandbox.path("queue");
  const announce = (runId: string, isPublished = false) =>
    enqueue(queue, {
      runId,
      startedAt: `2026-11-2${runId}T03:00:00.000Z`,
      path: sandbox.path("sets", "0300"),
      outcome: "partial",
      isPublished,
    });
  for (const runId of ["1", "2", "3"]) await announce(runId);
  await announce("4", true);
  // Another run's set has the first name, a directory of somebody else the second.
  putSet(sandbox.path("sets", "0300"), { runId: "other" });
  await sandbox.write("sets/0300-2/file", "precious");
  putSet(sandbox.path("sets", "0300-3"), { runId: "2" });
  putSet(sandbox.path("sets", "0300-4"), { runId: "3" });
  const { never } = await settleQueue(queue, 10_000);
  expect(never.map(({ runId }) => runId)).toEqual(["1"]);
  const { waiting } = await readQueue(queue);
  expect(waiting.map(({ runId, path, isPublished, outcome }) => [runId, path, isPublished, outcome])).toEqual(
    [
      ["2", sandbox.path("sets", "0300-3"), true, "partial"],
      ["3", sandbox.path("sets", "0300-4"), true, "partial"],
      ["4", sandbox.path("sets", "0300"), true, "partial"],
    ],
  );
  expect(await settleQueue(queue, 10_000)).toEqual({ never: [], notes: [] });
});
