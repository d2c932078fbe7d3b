import { expect, test } from "bun:test";
import { readLastCompleteAt, recordStatus } from "#lib/run/status.ts";
import { createReport } from "#test/support/report.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test.each(["", '{"schema":1,"lastRun"', '{"schema":2}'])(
  "recordStatus() loses no success to a status that was %j: the history has it",
  async (damaged) => {
    await using sandbox = await createSandbox();
    const settings = { STATE_DIR: sandbox.directory, JOB: "app" };
    const good = createReport({ outcome: "complete", endedAt: "2026-11-20T03:00:00.000Z" });
    await recordStatus(settings, good);
    await sandbox.write("app/status.json", damaged);
    expect(await readLastCompleteAt(settings)).toBe(good.endedAt);
    const bad = createReport({ outcome: "failed", endedAt: "2026-11-21T03:00:00.000Z" });
    await recordStatus(settings, bad);
    expect(await readLastCompleteAt(settings)).toBe(good.endedAt);
  },
);
