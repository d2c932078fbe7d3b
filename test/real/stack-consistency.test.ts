/**
 * Databases that write all the time in a stack that is backed up: MariaDB, which is stopped in order, and SQLite, which is killed in
 * the middle of a transaction. Whatever either had confirmed before the stop is in the restored copy, and the copy is sound.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FreezeStrategy } from "#lib/core/freeze.ts";
import { mariadbService, startDatabases } from "#test/support/database-containers.ts";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob } from "#test/support/job.ts";
import { hasMariadb } from "#test/support/mariadb-server.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const rounds = isWhole ? 10 : 1;

const ways: readonly (readonly ["btrfs" | "ext4", ...FreezeStrategy[]])[] = [
  isWhole ? ["btrfs", "snapshot", "reflink", "presync", "none"] : ["btrfs", "snapshot", "reflink"],
  ["ext4", "presync", "none"],
];

/** Each writer confirms what it has committed by its number, in a file; a line without one says that it has been started. */
const started = "started";
const mariadbWriter =
  `while :; do echo ${started}; docker exec shop-db-1 sh -c 'yes "INSERT INTO log (text) VALUES (REPEAT(CHAR(97), 3000)); SELECT LAST_INSERT_ID();"` +
  " | mariadb --unbuffered --skip-column-names shop'; sleep 0.1; done 2>/dev/null";
const sqliteWriter =
  `trap 'kill -9 -1' TERM; echo ${started} >>/confirmed/lite; ` +
  `(yes "INSERT INTO log (text) VALUES (zeroblob(3000)); SELECT last_insert_rowid();" | stdbuf -oL sqlite3 -bail /data/shop.db >>/confirmed/lite) & wait`;

interface Confirmed {
  /** How often the writer has been started. */
  readonly starts: number;
  /** Of what it had committed when it was started once more than so often. */
  readonly until: (starts: number) => readonly string[];
  readonly all: readonly string[];
}

function readConfirmed(file: string): Confirmed {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  const places = lines.flatMap((line, at) => (line === started ? at : []));
  const idsOf = (some: readonly string[]) => some.filter((line) => /^\d+$/.test(line));
  return {
    starts: places.length,
    until: (starts) => idsOf(lines.slice(0, places[starts])),
    all: idsOf(lines),
  };
}

describe.skipIf(!(hasDocker && hasMariadb))("A stack whose databases write all the time", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  const sql = (container: string, statement: string) =>
    engine.docker("exec", container, "mariadb", "--skip-column-names", "shop", "--execute", statement);

  const logOf = (container: string) =>
    execFileSync("sh", ["-c", `docker logs ${container} 2>&1`], {
      encoding: "utf8",
      env: engine.environment,
    });

  test.each(ways)(
    "on %s is restored with all that they confirmed before the stop: %s %s",
    async (type, ...strategies) => {
      await withSmallFileSystem({ sizeMb: 2000, type }, async ({ directory }) => {
        await using sandbox = await createSandbox();
        const data = join(directory, "appdata/shop");
        const confirmed = sandbox.path("confirmed");
        for (const path of [join(data, "db"), join(data, "lite"), confirmed])
          mkdirSync(path, { recursive: true });
        const [dbLog, liteLog] = [join(confirmed, "db"), join(confirmed, "lite")];
        execFileSync("sqlite3", [
          join(data, "lite/shop.db"),
          "PRAGMA journal_mode=WAL; CREATE TABLE log (id INTEGER PRIMARY KEY, text);",
        ]);
        await startDatabases(engine, "shop", {
          db: { ...mariadbService, volumes: [`${data}/db:/var/lib/mysql`] },
          lite: {
            usr: "/usr",
            command: ["sh", "-c", sqliteWriter],
            volumes: [`${data}/lite:/data`, `${confirmed}:/confirmed`],
            ping: ["true"],
          },
        });
        engine.docker("exec", "shop-db-1", "mariadb-admin", "create", "shop");
        sql("shop-db-1", "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, text TEXT)");
        writeFileSync(dbLog, "");
        using _writer = startWriter(engine, dbLog);
        for (const way of Array.from({ length: rounds }, () => strategies).flat()) {
          const logs = [dbLog, liteLog];
          const before = logs.map((file) => readConfirmed(file).all.length);
          const areWriting = () =>
            logs.every((file, at) => readConfirmed(file).all.length > (before[at] ?? 0) + 20);
          await waitFor(areWriting, { what: "transactions", timeoutMs: 30_000 });
          const [dbStarts = 0, liteStarts = 0] = logs.map((file) => readConfirmed(file).starts);
          const target = await backUpAndExtract(sandbox, directory, way);
          const restored = join(target, data);
          await startDatabases(engine, "restored", {
            db: { ...mariadbService, volumes: [`${restored}/db:/var/lib/mysql`] },
          });
          expect(sql("restored-db-1", "CHECK TABLE log EXTENDED")).toContain("OK");
          const log = logOf("restored-db-1");
          expect(log).toContain("ready for connections");
          expect(log).not.toContain("crash recovery");
          const inDb = new Set(sql("restored-db-1", "SELECT id FROM log").split("\n"));
          const dbIds = readConfirmed(dbLog).until(dbStarts);
          expect(dbIds.filter((id) => !inDb.has(id))).toEqual([]);
          const ask = (statement: string) =>
            execFileSync("sqlite3", [join(restored, "lite/shop.db"), statement], { encoding: "utf8" }).trim();
          expect(ask("PRAGMA integrity_check")).toBe("ok");
          const inLite = new Set(ask("SELECT id FROM log").split("\n"));
          const liteIds = readConfirmed(liteLog).until(liteStarts);
          expect(liteIds.filter((id) => !inLite.has(id))).toEqual([]);
          engine.docker("rm", "--force", "restored-db-1");
          rmSync(target, { recursive: true });
        }
        engine.clear();
      });
    },
    isWhole ? 600_000 : 120_000,
  );

  /** One run; gives the directory that its archive was extracted to. */
  async function backUpAndExtract(sandbox: Sandbox, disk: string, way: FreezeStrategy): Promise<string> {
    const job = await createJob(sandbox, {
      APP_DIR: undefined,
      STACKS_DIR: engine.directory,
      STACKS_SELECT: "shop",
      APPDATA_DIR: join(disk, "appdata"),
      STACK_BINDS: "none",
      STACK_FREEZE: way,
      KEEP_LAST: "1",
    });
    const { exitCode, stderr } = await sandbox.run(
      "bun",
      "scripts/backup-run.ts",
      ["--config", job.config, "-q"],
      { env: engine.environment },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [set = ""] = job.sets();
    expect(job.manifest(set)).toMatchObject({ components: [{ facts: { freeze: { strategy: way } } }] });
    const target = sandbox.path("restored");
    mkdirSync(target);
    execFileSync("tar", ["--zstd", "-C", target, "-xpf", join(set, "stack-shop.tar.zst")]);
    return target;
  }
});

/** Ended with its scope. */
function startWriter(engine: DockerEngine, file: string): Disposable {
  const writer = spawn("sh", ["-c", `exec >>${file}; ${mariadbWriter}`], {
    env: engine.environment,
    stdio: "ignore",
    detached: true,
  });
  return {
    [Symbol.dispose]: () => {
      if (writer.pid !== undefined) process.kill(-writer.pid, "SIGKILL");
    },
  };
}
