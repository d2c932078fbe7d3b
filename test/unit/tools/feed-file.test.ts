import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { systemClock } from "#lib/tools/clock.ts";
import { type FeedRequest, feedFile } from "#lib/tools/feed-file.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

/** A request to feed `bytes` random bytes to a shell script, whose $0 is the file `out`. */
function requestOf(sandbox: Sandbox, script: string, bytes: number, changes: Partial<FeedRequest> = {}) {
  const content = randomBytes(bytes);
  const localPath = sandbox.path("local");
  writeFileSync(localPath, content);
  const request: FeedRequest = {
    localPath,
    offset: 0,
    command: ["sh", "-c", script, sandbox.path("out")],
    env: { PATH: process.env.PATH ?? "" },
    clock: systemClock,
    signal: new AbortController().signal,
    stallMs: 10_000,
    bytesPerSecond: undefined,
    onBytes: () => undefined,
    ...changes,
  };
  return { content, request };
}

test("feedFile() feeds a program that is slower than the disk every byte from the offset on", async () => {
  await using sandbox = await createSandbox();
  const slow =
    'dd bs=100000 count=1 iflag=fullblock status=none >"$0"; sleep 0.3; cat >>"$0"; echo done; echo said >&2';
  const { content, request } = requestOf(sandbox, slow, 3_000_000, { offset: 1234 });
  const end = await feedFile(request);
  expect(end).toEqual({ exitCode: 0, stdout: "done\n", stderr: "said" });
  expect(readFileSync(sandbox.path("out")).equals(content.subarray(1234))).toBe(true);
});

test("feedFile() gives the end of a program that takes no more", async () => {
  await using sandbox = await createSandbox();
  const { request } = requestOf(sandbox, "head -c 10 >/dev/null; echo full >&2; exit 3", 3_000_000);
  expect(await feedFile(request)).toEqual({ exitCode: 3, stdout: "", stderr: "full" });
});

test.each([
  ["takes nothing", "sleep 30"],
  ["does not end", "cat >/dev/null; sleep 30"],
])("feedFile() gives up a program that %s", async (_what, script) => {
  await using sandbox = await createSandbox();
  const { request } = requestOf(sandbox, script, 3_000_000, { stallMs: 300 });
  const startedAt = performance.now();
  await expect(feedFile(request)).rejects.toThrow("sh took nothing for 0.3 s");
  expect(performance.now() - startedAt).toBeLessThan(8000);
});

test("feedFile() ends the program when it is told to stop", async () => {
  await using sandbox = await createSandbox();
  const stop = new AbortController();
  const { request } = requestOf(sandbox, 'echo $$ >"$0"; head -c 400000 >/dev/null; sleep 30', 3_000_000, {
    signal: stop.signal,
    onBytes: () => stop.abort(new Error("stopped")),
  });
  await expect(feedFile(request)).rejects.toThrow("stopped");
  expect(existsSync(`/proc/${readFileSync(sandbox.path("out"), "utf8").trim()}`)).toBe(false);
});

test("feedFile() takes no pause of its own for a stall", async () => {
  await using sandbox = await createSandbox();
  const limits = { bytesPerSecond: 2000, stallMs: 600 };
  const { content, request } = requestOf(sandbox, 'cat >"$0"', 3000, limits);
  const startedAt = performance.now();
  expect((await feedFile(request)).exitCode).toBe(0);
  expect(performance.now() - startedAt).toBeGreaterThan(1200);
  expect(readFileSync(sandbox.path("out")).equals(content)).toBe(true);
});

test("feedFile() does not make up for a program's pause by going faster than its limit", async () => {
  await using sandbox = await createSandbox();
  const sent: (readonly [number, number])[] = [];
  const startedAt = performance.now();
  const { request } = requestOf(sandbox, "sleep 2.5; cat >/dev/null", 2_000_000, {
    bytesPerSecond: 1_000_000,
    onBytes: (bytes) => sent.push([performance.now() - startedAt, bytes]),
  });
  await feedFile(request);
  // The pipe takes some before the pause; of the pause itself one second is made up for.
  const [lastMs] = sent.at(-1) ?? [0];
  const before = Math.max(0, ...sent.filter(([ms]) => ms < 2300).map(([, bytes]) => bytes));
  const fairMs = 2500 + ((2_000_000 - before) / 1_000_000) * 1000 - 1000;
  expect(lastMs).toBeGreaterThan(fairMs - 300);
});
