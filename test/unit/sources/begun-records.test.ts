import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dropBegun, recordBegun } from "#lib/sources/begun-records.ts";
import type { AccessRequest } from "#lib/sources/open-access.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { recordExec } from "#test/support/recorder.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

function requestIn(sandbox: Sandbox): Omit<AccessRequest, "sourceName"> {
  return {
    exec: recordExec().exec,
    clock: systemClock,
    signal: new AbortController().signal,
    ...quietRun,
    timeoutMs: 5000,
    privateRoot: sandbox.path("run/lastgood/run-1"),
    setDirectory: sandbox.directory,
  };
}

const begin = (directory: string, component: string) =>
  recordBegun(directory, { schema: 1, runId: "0badcafe-1", component, database: component });

test("recordBegun() keeps what one restore begins on two servers apart", async () => {
  await using sandbox = await createSandbox();
  const state = sandbox.path("new/state");
  const forgetFirst = await begin(state, "database-one");
  const forgetSecond = await begin(state, "database-two");
  expect(readdirSync(state)).toHaveLength(2);
  await forgetSecond();
  expect(readdirSync(state)).toMatchObject([expect.stringContaining("database-one")]);
  await forgetFirst();
  expect(readdirSync(state)).toEqual([]);
});

test("recordBegun() says which record it cannot write or remove", async () => {
  await using sandbox = await createSandbox();
  const forget = await begin(sandbox.path("state"), "database-one");
  await forget();
  const words = { outcome: "failed", message: expect.stringContaining("database-one") };
  await expect(forget()).rejects.toMatchObject(words);
  writeFileSync(sandbox.path("file"), "");
  await expect(begin(sandbox.path("file"), "database-one")).rejects.toMatchObject(words);
});

test("dropBegun() leaves alone what a restore that lives has begun", async () => {
  await using sandbox = await createSandbox();
  await begin(sandbox.path("state"), "database-one");
  expect(await dropBegun(sandbox.path("state"), [], requestIn(sandbox))).toEqual([]);
  expect(readdirSync(sandbox.path("state"))).toHaveLength(1);
});

test("dropBegun() keeps the record of a server that is no longer known, and says so", async () => {
  await using sandbox = await createSandbox();
  const record = { schema: 1, runId: "0badcafe-1", component: "database-one", database: "one" };
  // No process has a number that high.
  writeFileSync(join(sandbox.directory, "restoring-0badcafe.pid-99999999"), JSON.stringify(record));
  const said = await dropBegun(sandbox.directory, [], requestIn(sandbox));
  expect(said).toMatchObject([expect.stringContaining("database-one is no longer in DATABASES")]);
  expect(readdirSync(sandbox.directory)).toContain("restoring-0badcafe.pid-99999999");
});

test("dropBegun() keeps nobody from a restore where the records cannot be read", async () => {
  await using sandbox = await createSandbox();
  writeFileSync(sandbox.path("file"), "");
  expect(await dropBegun(sandbox.path("file"), [], requestIn(sandbox))).toMatchObject([
    expect.stringContaining("Cannot look for databases that were left half restored: "),
  ]);
  expect(await dropBegun(sandbox.path("nowhere"), [], requestIn(sandbox))).toEqual([]);
});
