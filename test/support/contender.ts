/** One contender for a lock: prints `held`, `busy`, or `VIOLATION` when somebody else was inside. */
import { open, unlink } from "node:fs/promises";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { takeLock } from "#lib/tools/flock.ts";

const [lockFile, inside] = process.argv.slice(2);
if (lockFile === undefined || inside === undefined) throw new Error("Usage: contender LOCKFILE INSIDE");

const result = await takeLock(lockFile, 0);
if (result.held) {
  await result.lock.describe(`pid ${process.pid}`);
  try {
    const mark = await open(inside, "wx");
    await sleep(2);
    await mark.close();
    await unlink(inside);
    process.stdout.write("held\n");
  } catch (error) {
    process.stdout.write(`VIOLATION ${error}\n`);
  }
  await result.lock.release();
} else {
  process.stdout.write("busy\n");
}
