import { expect, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeLock } from "#lib/tools/flock.ts";
import { readLockFile, readLockTable } from "#lib/tools/lock-table.ts";

test("readLockFile() says whether a file is locked, by whom, and never locks it itself", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lastgood-"));
  try {
    const [held, free] = [join(directory, "held.lock"), join(directory, "free.lock")];
    await writeFile(free, "left behind\n");
    const lock = await takeLock(held, 0);
    if (!lock.held) throw new Error("Somebody else has it");
    await lock.lock.describe("me");
    const table = await readLockTable();
    expect(await readLockFile(held, table)).toEqual({ isHeld: true, text: "me" });
    expect(await readLockFile(free, table)).toEqual({ isHeld: false, text: "left behind" });
    expect(await readLockFile(join(directory, "none.lock"), table)).toEqual({ isHeld: false, text: "" });
    await lock.lock.release();
    expect(await readLockFile(held, await readLockTable())).toEqual({ isHeld: false, text: "" });
    await symlink(free, join(directory, "link.lock"));
    expect(readLockFile(join(directory, "link.lock"), table)).rejects.toThrow();
  } finally {
    await rm(directory, { recursive: true });
  }
});
