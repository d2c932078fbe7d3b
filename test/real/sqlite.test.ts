/** SQLite backed up and restored by the commands that the manifest names, with writers at work and with files that are none. */
import { describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { createSqliteSource } from "#lib/sources/sqlite.ts";
import { createExec } from "#lib/tools/exec.ts";
import { hasLoopDevices, isRoot } from "#test/support/capabilities.ts";
import { openSource } from "#test/support/open-source.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { waitFor } from "#test/support/wait-for.ts";

const sourceOf = (path: string) =>
  createSqliteSource({ kind: "sqlite", path, componentName: "database-notes" }, { DB_MIN_KB: 1 });

function sqlite(path: string, ...statements: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("sqlite3", ["-bail", path, ...statements], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

const filler = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000)";

/** Two tables that every transaction keeps in agreement, with much between them. */
function createDatabase(path: string, journal: "wal" | "delete"): void {
  sqlite(
    path,
    `PRAGMA journal_mode = ${journal}`,
    "CREATE TABLE a_orders (id INTEGER PRIMARY KEY, amount INT)",
    `CREATE TABLE filler AS ${filler} SELECT n, hex(randomblob(30)) AS text FROM c`,
    "CREATE INDEX by_text ON filler (text)",
    "CREATE TABLE z_ledger (id INTEGER PRIMARY KEY, amount INT)",
  );
}

/** Commits as fast as it can until it is killed; a lock of others makes it wait. */
function startWriter(path: string): ChildProcess {
  const transaction =
    "BEGIN IMMEDIATE; INSERT INTO a_orders (amount) VALUES (abs(random()) % 1000); " +
    "INSERT INTO z_ledger (amount) SELECT amount FROM a_orders ORDER BY id DESC LIMIT 1; COMMIT;";
  const script = `yes '${transaction}' | sqlite3 -cmd '.timeout 10000' "$0"`;
  return spawn("sh", ["-c", script, path], { stdio: "ignore", detached: true });
}

const agreement = (table: string) => `SELECT count(*), sum(amount), max(id) FROM ${table}`;

async function refusal(sandbox: Sandbox, path: string, options: Parameters<typeof openSource>[2] = {}) {
  try {
    await using _ = await openSource(sandbox, sourceOf(path), options);
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error("It was opened");
}

describe("a SQLite database", () => {
  test.each(["wal", "delete"] as const)(
    "in %s mode is one point in time under a steady writer",
    async (journal) => {
      await using sandbox = await createSandbox();
      const path = sandbox.path("notes.db");
      createDatabase(path, journal);
      const writer = startWriter(path);
      const count = () => Number(sqlite(path, ".timeout 10000", "SELECT count(*) FROM a_orders"));
      try {
        await waitFor(() => count() > 20, { what: "the writer to write" });
        await using dump = await openSource(sandbox, sourceOf(path));
        const before = count();
        await waitFor(() => count() > before, { what: "the writer to go on" });
        await dump.writeWhole();
        const orders = sqlite(dump.path, agreement("a_orders"));
        expect(orders).toBe(sqlite(dump.path, agreement("z_ledger")));
        expect(Number(orders.split("|")[0])).toBeGreaterThan(20);
        expect(Number(orders.split("|")[0])).toBeLessThanOrEqual(before);
        expect(sqlite(dump.path, "PRAGMA integrity_check")).toBe("ok");
      } finally {
        process.kill(-writer.pid!, "SIGKILL");
      }
    },
  );

  test.each(["a 'quoted' \"name\".db", "-dash %41?mode=memory#x.db", "größe $(touch x) `y` \\.db"])(
    "called %p comes back by the plain command, without the log of what it replaces",
    async (name) => {
      await using sandbox = await createSandbox();
      const path = sandbox.path("odd 'dir", name);
      mkdirSync(dirname(path));
      sqlite(path, "PRAGMA journal_mode = wal", "CREATE TABLE t AS SELECT 42 AS x");
      await using dump = await openSource(sandbox, sourceOf(path));
      await dump.writeWhole();
      // A later writer was killed: its log would be applied to whatever lies there under that name.
      killInTransaction(path);
      expect(existsSync(`${path}-wal`)).toBe(true);
      const restored = spawnSync("sh", ["-c", String(dump.open.facts?.["restore"])], { cwd: dump.directory });
      expect(restored.status).toBe(0);
      expect(sqlite(path, "PRAGMA integrity_check", "SELECT * FROM t")).toBe("ok\n42");
      expect(readdirSync(dirname(path))).toEqual([name]);
    },
  );

  test("keeps what is in its write-ahead log only", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "PRAGMA journal_mode = wal", "CREATE TABLE t (x)");
    killInTransaction(path);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    await using dump = await openSource(sandbox, sourceOf(path));
    await dump.writeWhole();
    expect(sqlite(dump.path, "SELECT x FROM t")).toBe("committed");
  });

  test("says in the manifest whose file it was, and what was in it", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "PRAGMA user_version = 7", "CREATE TABLE one (x)", "CREATE TABLE two (x UNIQUE)");
    chmodSync(path, 0o640);
    if (isRoot) chownSync(path, 4242, 4343);
    await using dump = await openSource(sandbox, sourceOf(path));
    const owner = isRoot ? { uid: 4242, gid: 4343 } : {};
    expect(dump.open.facts).toMatchObject({ path, mode: "640", ...owner, tables: 2, userVersion: 7 });
    const { proven } = await dump.writeWhole();
    expect(proven).toEqual({ bytes: statSync(path).size });
  });

  test.skipIf(!isRoot)("never gets files beside it that its application may not write", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "PRAGMA journal_mode = wal", "CREATE TABLE t (x)");
    chownSync(path, 4242, 4343);
    await using dump = await openSource(sandbox, sourceOf(path));
    await dump.writeWhole();
    const beside = readdirSync(sandbox.directory).filter((name) => name.startsWith(basename(path)));
    expect(beside.map((name) => statSync(sandbox.path(name)).uid)).toEqual(beside.map(() => 4242));
  });

  test("leaves nothing of its copy behind", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "CREATE TABLE t (x)");
    let directory: string;
    {
      await using dump = await openSource(sandbox, sourceOf(path));
      directory = dump.directory;
      await dump.writeWhole();
    }
    expect(readdirSync(directory)).toEqual(["database-notes.sqlite"]);
  });
});

describe("what is wrong with a SQLite database", () => {
  test("a page that is damaged makes the copy doubtful", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    createDatabase(path, "delete");
    const file = openSync(path, "r+");
    const pageSize = 4096;
    writeSync(file, Buffer.alloc(pageSize, 0x55), 0, pageSize, 1000 * pageSize);
    closeSync(file);
    await using dump = await openSource(sandbox, sourceOf(path));
    expect(await dump.write()).toMatchObject({
      isUsable: true,
      proven: { problem: "PRAGMA integrity_check: database disk image is malformed (11)" },
    });
  });

  test("an index that lacks rows makes the copy doubtful", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "CREATE TABLE t AS SELECT 1 AS x, 2 AS y", "CREATE INDEX by_x ON t (x)");
    const changed = "UPDATE sqlite_master SET sql = 'CREATE INDEX by_x ON t (y)' WHERE name = 'by_x'";
    sqlite(path, ".dbconfig defensive off", "PRAGMA writable_schema = on", changed);
    await using dump = await openSource(sandbox, sourceOf(path));
    expect(await dump.write()).toMatchObject({
      isUsable: true,
      proven: { problem: expect.stringMatching(/^PRAGMA integrity_check: row 1 missing from index by_x/) },
    });
  });

  test("a copy that arrives short is found", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "CREATE TABLE t (x)");
    await using dump = await openSource(sandbox, sourceOf(path));
    await dump.writeWhole();
    const whole = readFileSync(dump.path);
    writeFileSync(sandbox.path("cut"), whole.subarray(0, -1));
    expect((await dump.prove(sandbox.path("cut"))).problem).toBe(
      `${whole.length - 1} bytes arrived of ${whole.length}`,
    );
  });

  test("a file that is something else", async () => {
    await using sandbox = await createSandbox();
    const path = await sandbox.write("notes.db", "This is a text of some length. ".repeat(100));
    expect(await refusal(sandbox, path)).toMatchObject({
      outcome: "failed",
      message: `Cannot copy "${path}": file is not a database (26)`,
      hint: expect.stringContaining("encrypted"),
    });
  });

  test("a writer that never lets go", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "CREATE TABLE t (x)");
    const writer = spawn("sqlite3", [path], { stdio: ["pipe", "pipe", "ignore"] });
    writer.stdin.write("BEGIN EXCLUSIVE;\nSELECT 'locked';\n");
    await new Promise((resolve) => writer.stdout.once("data", resolve));
    const refused = await refusal(sandbox, path, { timeoutMs: 300 });
    writer.kill("SIGKILL");
    expect(refused).toMatchObject({
      outcome: "failed",
      message: `Cannot copy "${path}": database is locked (5)`,
      hint: expect.stringContaining("FS_TIMEOUT"),
    });
  });

  test("a writer that was killed in the middle of a commit", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    createDatabase(path, "delete");
    killInTransaction(path, "UPDATE filler SET text = 'x'");
    expect(existsSync(`${path}-journal`)).toBe(true);
    const refused = await refusal(sandbox, path);
    expect(refused.hint).toContain("let its application open it once");
    sqlite(path, "SELECT count(*) FROM filler");
    await using dump = await openSource(sandbox, sourceOf(path));
    await dump.writeWhole();
  });

  test("a program that is not installed", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    sqlite(path, "CREATE TABLE t (x)");
    await sandbox.fake("stat", '#!/bin/sh\nexec /usr/bin/stat "$@"\n');
    const refused = await refusal(sandbox, path, { env: { PATH: sandbox.bin } });
    expect(refused.message).toContain('the program "sqlite3" is not installed');
  });

  test.skipIf(!hasLoopDevices)("a disk without room for the copy", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("notes.db");
    createDatabase(path, "delete");
    await withSmallFileSystem({ sizeMb: 4, type: "ext4" }, async ({ directory }) => {
      const small = { ...sandbox, path: (...parts: readonly string[]) => join(directory, ...parts) };
      const refused = await refusal(small, path);
      expect(refused.message).toContain("full");
      expect(refused.hint).toContain("free space there");
    });
  });

  test("a file that is not there, and a directory, are found before anything is done", async () => {
    await using sandbox = await createSandbox();
    const asker: FileSystemAsker = {
      exec: createExec(sandbox.environment),
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    };
    const look = async (path: string) => (await sourceOf(path).checkExists(asker))[0];
    expect(await look(sandbox.path("none.db"))).toMatchObject({
      passed: false,
      message: expect.stringContaining("No such file"),
    });
    expect(await look(sandbox.directory)).toMatchObject({
      passed: false,
      message: expect.stringContaining("it is a directory"),
    });
    expect(await look(await sandbox.write("empty.db", ""))).toMatchObject({ passed: true });
    expect(existsSync(sandbox.path("none.db"))).toBe(false);
  });
});

/** A process that commits one row, does some more without a commit, and is killed. */
function killInTransaction(path: string, more = "INSERT INTO t VALUES ('not committed')"): void {
  const script = `
    PRAGMA cache_size = 5;
    CREATE TABLE IF NOT EXISTS t (x);
    INSERT INTO t VALUES ('committed');
    BEGIN IMMEDIATE;
    ${more};
    .shell kill -9 $PPID
  `;
  const { signal } = spawnSync("sqlite3", [path], { input: script.replaceAll(/^ +/gm, "") });
  if (signal !== "SIGKILL") throw new Error("The writer was not killed");
}
