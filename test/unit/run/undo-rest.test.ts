import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Ending } from "#lib/run/ending.ts";
import { openJournal } from "#lib/run/journal.ts";
import type { Job, Session } from "#lib/run/session.ts";
import { undoRest } from "#lib/run/undo-rest.ts";
import { recordExec } from "#test/support/recorder.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

test("undoRest() calls nothing left that is undone, though the disk of the journal is full", async () => {
  await using sandbox = await createSandbox();
  const journal = await openJournal(sandbox.path("state/journal.json"), {
    runId: "run-1",
    script: "backup-run",
    job: "app",
    host: "web1",
    pid: 7,
    startedAt: "2026-11-21T03:00:00.000Z",
    undo: [{ kind: "exec-post", project: "shop", services: [] }],
  });
  rmSync(sandbox.path("state"), { recursive: true });
  await sandbox.write("state", "no directory");
  const events: string[] = [];
  const log = (event: string) => events.push(event);
  const session = {
    deps: { exec: recordExec().exec, clock: createVirtualClock() },
    log: { warning: log, error: log },
  } as unknown as Session;
  const ending: Ending = {
    outcome: "complete",
    headline: "Backed up",
    problems: [],
    notes: [],
    findings: [],
    parts: [],
  };
  const undone = await undoRest(session, { settings: {} } as unknown as Job, journal, ending);
  expect(undone).toMatchObject({ left: [], ending: { outcome: "complete", critical: false, problems: [] } });
  expect(events).toContain("journal.stale");
});
