import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Report } from "#lib/core/report.ts";
import { pastRunOf } from "#lib/core/run-history.ts";
import { appendHistory, readHistory } from "#lib/run/history.ts";
import { createReport } from "#test/support/report.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "lastgood-"));
});
afterAll(() => rm(directory, { recursive: true }));

const run = (runId: string) => pastRunOf(createReport({ runId }), false);
const idsOf = async (path: string, since?: Date) =>
  (await readHistory(path, since)).runs.map(({ runId }) => runId);

test("readHistory() has no runs where there is no history, and those that were appended, oldest first", async () => {
  const path = join(directory, "job", "history.jsonl");
  expect(await readHistory(path)).toEqual({ runs: [], unreadableCount: 0 });
  await appendHistory(path, run("one"), true);
  await appendHistory(path, run("two"), false);
  expect(await idsOf(path)).toEqual(["one", "two"]);
});

test("appendHistory() begins a line of its own after one that a power failure cut off", async () => {
  const path = join(directory, "cut.jsonl");
  await appendHistory(path, run("one"), true);
  await appendFile(path, '{"schema":1,"runId":"tw');
  await appendHistory(path, run("three"), true);
  const { runs, unreadableCount } = await readHistory(path);
  expect(runs.map(({ runId }) => runId)).toEqual(["one", "three"]);
  expect(unreadableCount).toBe(1);
});

test("readHistory() counts lines of a newer version and of anything else, and keeps to those that it knows", async () => {
  const path = join(directory, "newer.jsonl");
  const newer = JSON.stringify({ ...run("new"), schema: 2 });
  await writeFile(
    path,
    `${newer}\n\0\0\0\n[]\n${JSON.stringify({ ...run("old"), added: { by: "later" } })}\n`,
  );
  expect(await readHistory(path)).toMatchObject({ runs: [{ runId: "old" }], unreadableCount: 3 });
});

test("readHistory() reads the end of a history of 100,000 runs, and appendHistory() shortens it under the lock alone", async () => {
  const path = join(directory, "long.jsonl");
  const line = JSON.stringify(run("any"));
  await writeFile(path, `${line}\n`.repeat(100_000));
  const { size } = await stat(path);
  await appendHistory(path, run("busy"), false);
  expect((await stat(path)).size).toBeGreaterThan(size);
  expect((await readHistory(path)).unreadableCount).toBe(0);
  await appendHistory(path, run("last"), true);
  expect((await stat(path)).size).toBeLessThan(300_000);
  expect((await idsOf(path)).slice(-3)).toEqual(["any", "busy", "last"]);
  expect((await readHistory(path)).unreadableCount).toBe(0);
});

test("readHistory() finds the last run of a hundred stacks, and one before a hundred busy starts", async () => {
  const path = join(directory, "wide.jsonl");
  const part = { kind: "source", outcome: "failed", message: "x".repeat(500) } as const;
  const parts = Array.from({ length: 100 }, (_, index) => ({ ...part, name: `stack-${index}` }));
  await appendHistory(path, pastRunOf(createReport({ runId: "wide", parts }), false), true);
  const { size } = await stat(path);
  expect(size).toBeGreaterThan(50_000);
  expect(await idsOf(path)).toEqual(["wide"]);
  const busy = JSON.stringify(pastRunOf(createReport({ runId: "busy", outcome: "busy" }), false));
  await appendFile(path, `${busy}\n`.repeat(200));
  expect((await idsOf(path))[0]).toBe("wide");
});

test("readHistory() reads no more than it is asked for: the runs since then, and ten backups of the whole job among them", async () => {
  const path = join(directory, "since.jsonl");
  const [day, hour] = [86_400_000, 3_600_000];
  const now = new Date("2026-11-21T12:00:00Z");
  const of = (agoMs: number, more: Partial<Report>) => {
    const endedAt = new Date(now.getTime() - agoMs).toISOString();
    return JSON.stringify(pastRunOf(createReport({ runId: endedAt, endedAt, ...more }), false));
  };
  const write = (lines: readonly string[]) => writeFile(path, `${lines.join("\n")}\n`);
  const ago = (agoMs: number) => new Date(now.getTime() - agoMs).toISOString();
  const hourly = Array.from({ length: 900 }, (_, index) => of((899 - index) * hour, {}));
  await write(hourly);
  const recent = await idsOf(path, new Date(now.getTime() - 2 * day));
  expect(recent).toContain(ago(2 * day));
  expect(recent.length).toBeLessThan(200);
  // Runs that make no set of the whole job hide none that was to.
  const uploads = Array.from({ length: 300 }, (_, index) => of(60_000 + index, { script: "upload-waiting" }));
  await write([of(3 * day, { outcome: "failed" }), ...uploads]);
  expect(await idsOf(path, new Date(now.getTime() - 2 * day))).toContain(ago(3 * day));
});
