import { afterEach, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { type HeldLock, takeLock } from "#lib/tools/flock.ts";
import { waitFor } from "#test/support/wait-for.ts";

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function lockPath(): string {
  const dir = mkdtempSync(join(tmpdir(), "lastgood-lock-"));
  made.push(dir);
  return join(dir, "job.lock");
}

async function hold(path: string): Promise<HeldLock> {
  const result = await takeLock(path, 0);
  if (!result.held) throw new Error(`busy: ${result.holder}`);
  return result.lock;
}

const bashTries = (path: string) => spawnSync("bash", ["-c", `exec 9>>"$1"; flock -n 9`, "try", path]).status;

test("takeLock() excludes a second one and says who holds it", async () => {
  const path = lockPath();
  const lock = await hold(path);
  await lock.describe("run 7 of app");
  expect(await takeLock(path, 0)).toEqual({ held: false, holder: "run 7 of app" });
  await lock.release();
  await (await hold(path)).release();
});

test("takeLock() excludes bash's flock on the same file", async () => {
  const path = lockPath();
  const lock = await hold(path);
  expect(bashTries(path)).toBe(1);
  await lock.release();
  expect(bashTries(path)).toBe(0);
});

test("takeLock() is excluded by bash's flock, and free the moment that bash is killed", async () => {
  const path = lockPath();
  const holder = spawn("bash", ["-c", `exec 9>>"$1"; flock -n 9; echo got; exec sleep 1000`, "hold", path]);
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  expect((await takeLock(path, 0)).held).toBe(false);
  const gone = new Promise((resolve) => holder.once("close", resolve));
  holder.kill("SIGKILL");
  await gone;
  await (await hold(path)).release();
});

test("takeLock() waits for a holder that ends in time", async () => {
  const path = lockPath();
  const lock = await hold(path);
  const waiting = takeLock(path, 10_000);
  await waitFor(() => spawnSync("pgrep", ["-f", `flock -w 10.000`]).status === 0, { what: "flock to wait" });
  await lock.release();
  const result = await waiting;
  expect(result.held).toBe(true);
  if (result.held) await result.lock.release();
});

test("takeLock() is not held by a long child that was started meanwhile", async () => {
  const path = lockPath();
  const lock = await hold(path);
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  await lock.release();
  await (await hold(path)).release();
  child.kill("SIGKILL");
});

test("takeLock() hands over what a holder left that did not release", async () => {
  const path = lockPath();
  writeFileSync(path, "run 3, pid 99\n");
  const lock = await hold(path);
  expect(lock.leftBehind).toBe("run 3, pid 99");
  await lock.release();
  const next = await hold(path);
  expect(next.leftBehind).toBe("");
  await next.release();
});

test("takeLock() never unlinks: the inode stays, and a clean end leaves the file empty", async () => {
  const path = lockPath();
  const first = await hold(path);
  const inode = statSync(path).ino;
  await first.describe("somebody");
  await first.release();
  await first.release();
  expect(statSync(path).ino).toBe(inode);
  expect(readFileSync(path, "utf8")).toBe("");
});

test("takeLock() does not follow a symlink planted at its path", async () => {
  const path = lockPath();
  const target = `${path}.target`;
  writeFileSync(target, "precious");
  symlinkSync(target, path);
  await expect(takeLock(path, 0)).rejects.toBeInstanceOf(OpsError);
  expect(readFileSync(target, "utf8")).toBe("precious");
});

test("takeLock() names the path and a hint when its directory is missing", async () => {
  const error = await takeLock("/nonexistent/dir/x.lock", 0).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    outcome: "failed",
    message: 'Cannot open the lock file "/nonexistent/dir/x.lock"',
  });
});

test("takeLock() gives up waiting when it is aborted", async () => {
  const path = lockPath();
  const lock = await hold(path);
  const abort = new AbortController();
  const waiting = takeLock(path, 60_000, abort.signal);
  abort.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("stopped");
  await lock.release();
});

test("release() lets go of a lock whose file cannot be emptied any more, and says so", async () => {
  const path = lockPath();
  const lock = await hold(path);
  // As on a file system that has become read-only.
  expect(spawnSync("chattr", ["+i", path]).status).toBe(0);
  try {
    await expect(lock.release()).rejects.toThrow();
    expect(spawnSync("flock", ["-n", path, "true"]).status).toBe(0);
  } finally {
    spawnSync("chattr", ["-i", path]);
  }
});
