import { expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { UndoEntry } from "#lib/core/undo.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { nameAfterProcess } from "#lib/tools/process-directory.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { recordExec } from "#test/support/recorder.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

function open(sandbox: Sandbox, onRecord: (entry: UndoEntry) => void = () => undefined) {
  return openAccess({
    exec: recordExec().exec,
    clock: systemClock,
    signal: new AbortController().signal,
    ...quietRun,
    timeoutMs: 5000,
    sourceName: "database-shop",
    journal: { ...quietRun.journal, record: async (entry) => onRecord(entry) },
    privateRoot: sandbox.path("run/lastgood/run-1"),
    setDirectory: sandbox.directory,
  });
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("openAccess() makes directories on demand, for nobody else, and removes them with what they hold", async () => {
  await using sandbox = await createSandbox();
  const { access, close } = open(sandbox);
  const secret = await access.privateDirectory();
  const staging = await access.stagingDirectory();
  expect([modeOf(secret), modeOf(staging)]).toEqual([0o700, 0o700]);
  expect(await access.privateDirectory()).toBe(secret);
  writeFileSync(join(secret, "my.cnf"), "x");
  writeFileSync(join(staging, "copy"), "x");
  await close();
  expect([existsSync(secret), existsSync(staging)]).toEqual([false, false]);
});

test("openAccess() makes nothing that is not asked for", async () => {
  await using sandbox = await createSandbox();
  const { close } = open(sandbox, () => expect.unreachable());
  await close();
  expect(existsSync(sandbox.path("run"))).toBe(false);
});

test("openAccess() writes the private directory into the journal before it exists", async () => {
  await using sandbox = await createSandbox();
  const recorded: unknown[] = [];
  const { access, close } = open(sandbox, (entry) => {
    recorded.push(entry, existsSync(nameAfterProcess(sandbox.path("run/lastgood/run-1"))));
  });
  await access.privateDirectory();
  expect(recorded).toEqual([
    { kind: "private", path: nameAfterProcess(sandbox.path("run/lastgood/run-1")) },
    false,
  ]);
  await close();
});

test("openAccess() does not use a name that somebody has planted", async () => {
  await using sandbox = await createSandbox();
  mkdirSync(sandbox.path("run/lastgood"), { recursive: true });
  mkdirSync(sandbox.path("elsewhere"));
  symlinkSync(sandbox.path("elsewhere"), nameAfterProcess(sandbox.path("run/lastgood/run-1")));
  const { access } = open(sandbox);
  await expect(access.privateDirectory()).rejects.toThrow("Cannot use the directory");
});
