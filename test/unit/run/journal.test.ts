import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import {
  journalPath,
  keepJournal,
  linkJournalAside,
  openJournal,
  readJournal,
  removeJournal,
} from "#lib/run/journal.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const start = {
  runId: "run-1",
  script: "backup-run",
  job: "app",
  host: "web1",
  pid: 7,
  startedAt: "2026-11-21T03:00:00.000Z",
  logFile: "/var/log/backup-run.log",
  undo: [],
};
const [first, second] = [
  { kind: "partial", root: "/a" },
  { kind: "partial", root: "/b" },
] as const;

test("a journal has an act on disk when record() resolves, and stays in order", async () => {
  await using sandbox = await createSandbox();
  const path = journalPath(sandbox.path("state"), "app");
  const journal = await openJournal(path, start);
  await journal.record(first);
  await journal.record(second);
  expect((await readJournal(path)).journal).toEqual({ ...start, undo: [first, second] });
});

test("a journal that is closed is gone, and reading it finds nothing", async () => {
  await using sandbox = await createSandbox();
  const path = journalPath(sandbox.path("state"), "app");
  const journal = await openJournal(path, start);
  await journal.close();
  expect(await readJournal(path)).toEqual({});
  await removeJournal(path);
});

test("removing a journal that never was is no error, even where its directory never was", async () => {
  await using sandbox = await createSandbox();
  await removeJournal(journalPath(sandbox.path("no-state"), "app"));
});

test("a journal is readable by its owner alone, and leaves no temporary file", async () => {
  await using sandbox = await createSandbox();
  const path = journalPath(sandbox.path("state"), "app");
  await openJournal(path, start);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(sandbox.path("state", "app")).mode & 0o777).toBe(0o700);
  expect(readdirSync(sandbox.path("state", "app"))).toEqual(["journal.json"]);
});

test("a damaged journal is kept aside and named, so that the next run is not stopped by it", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.write("state/app/journal.json", '{"schema":1,"runId":');
  expect(await readJournal(path)).toEqual({ damaged: `${path}.damaged` });
  expect(existsSync(path)).toBe(false);
  expect(readFileSync(`${path}.damaged`, "utf8")).toBe('{"schema":1,"runId":');
});

test("a run is refused, with the path, when its journal cannot be written", async () => {
  await using sandbox = await createSandbox();
  writeFileSync(sandbox.path("state"), "a file where a directory should be");
  const error = await openJournal(journalPath(sandbox.path("state"), "app"), start).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ outcome: "failed" });
});

test("an act that could not be written down is not among those to be undone", async () => {
  await using sandbox = await createSandbox();
  const path = journalPath(sandbox.path("state"), "app");
  const journal = await openJournal(path, start);
  await journal.record(first);
  rmSync(sandbox.path("state"), { recursive: true });
  await sandbox.write("state", "no directory");
  await expect(journal.record(second)).rejects.toThrow("Cannot write the journal");
  expect(journal.entries()).toEqual([first]);
});

test("an act takes the place of another at once, and gives it back when it could not be written down", async () => {
  await using sandbox = await createSandbox();
  const path = journalPath(sandbox.path("state"), "app");
  const journal = await openJournal(path, start);
  await journal.record(first);
  await journal.record(second, first);
  expect(journal.entries()).toEqual([second]);
  expect((await readJournal(path)).journal).toEqual({ ...start, undo: [second] });
  rmSync(sandbox.path("state"), { recursive: true });
  await sandbox.write("state", "no directory");
  await expect(journal.record(first, second)).rejects.toThrow("Cannot write the journal");
  expect(journal.entries()).toEqual([second]);
});

test("linkJournalAside() leaves the journal where it is, and what replaces it leaves the one aside", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.write("journal.json", "whole");
  await sandbox.write("journal.json.damaged", "of another day");
  await linkJournalAside(path);
  expect(readFileSync(path, "utf8")).toBe("whole");
  await keepJournal(path, start);
  expect(readFileSync(`${path}.damaged`, "utf8")).toBe("whole");
  expect((await readJournal(path)).journal).toMatchObject({ runId: start.runId });
});
