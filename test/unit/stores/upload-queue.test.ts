import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dequeue, enqueue, queueDirectory, readQueue } from "#lib/stores/upload-queue.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const at = (startedAt: string, runId: string) => ({
  runId,
  startedAt,
  path: `/backups/${runId}`,
  outcome: "complete" as const,
  isPublished: true,
});

test("readQueue() gives what waits by the sets' own age, however late they were queued; none without a directory", async () => {
  await using sandbox = await createSandbox();
  const directory = queueDirectory(sandbox.path("state"), "app", "nas");
  expect(directory).toBe(sandbox.path("state/app/uploads/nas"));
  expect(await readQueue(directory)).toEqual({ waiting: [], notes: [] });
  await enqueue(directory, at("2026-11-20T03:00:00.500Z", "a"));
  await enqueue(directory, at("2026-11-03T03:00:00.000Z", "z"));
  await enqueue(directory, at("2026-11-20T03:00:00.000Z", "b"));
  const { waiting } = await readQueue(directory);
  expect(waiting.map(({ runId }) => runId)).toEqual(["z", "b", "a"]);
  expect(waiting[0]).toMatchObject(at("2026-11-03T03:00:00.000Z", "z"));
  expect(statSync(waiting[0]?.entry ?? "").mode & 0o777).toBe(0o600);
});

test("enqueue() of the same set twice lets it wait once, and dequeue() takes it out, again without an error", async () => {
  await using sandbox = await createSandbox();
  const directory = sandbox.path("queue");
  await enqueue(directory, at("2026-11-20T03:00:00.000Z", "a"));
  await enqueue(directory, at("2026-11-20T03:00:00.000Z", "a"));
  const [waiting, other] = (await readQueue(directory)).waiting;
  expect(other).toBeUndefined();
  if (waiting === undefined) throw new Error("One waits");
  await dequeue(waiting);
  await dequeue(waiting);
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  ["cut short", '{"schema": 1, "runId": "b"'],
  ["of another version", JSON.stringify({ schema: 2, ...at("2026-11-19T03:00:00.000Z", "b") })],
  ["without a set", JSON.stringify({ schema: 1, runId: "b", startedAt: "2026-11-19T03:00:00.000Z" })],
])("readQueue() keeps an entry %s aside, names it once, and gives the others", async (_what, text) => {
  await using sandbox = await createSandbox();
  const directory = sandbox.path("queue");
  await enqueue(directory, at("2026-11-20T03:00:00.000Z", "a"));
  const bad = await sandbox.write("queue/20261119030000000-b.json", text);
  const first = await readQueue(directory);
  expect(first.waiting.map(({ runId }) => runId)).toEqual(["a"]);
  expect(first.notes.join()).toContain(`${bad}.bad`);
  expect(readFileSync(`${bad}.bad`, "utf8")).toBe(text);
  expect((await readQueue(directory)).notes).toEqual([]);
});

test("readQueue() leaves in its place an entry that cannot be read for now, and throws", async () => {
  await using sandbox = await createSandbox();
  const directory = sandbox.path("queue");
  mkdirSync(sandbox.path("queue", "20261119030000000-b.json"), { recursive: true });
  await expect(readQueue(directory)).rejects.toThrow("EISDIR");
  expect(readdirSync(directory)).toEqual(["20261119030000000-b.json"]);
});

test("readQueue() does not take a queue that cannot be read for an empty one", async () => {
  await using sandbox = await createSandbox();
  const file = await sandbox.write("state/app/uploads/nas", "a file in its place");
  await expect(readQueue(file)).rejects.toThrow("ENOTDIR");
  await expect(enqueue(file, at("2026-11-20T03:00:00.000Z", "a"))).rejects.toThrow();
});
