/**
 * Whatever ends the restore of a database in its place, at whatever moment: it is wholly old or wholly new, what was before is kept
 * where it is new, nothing else lies about, and the next command says which it is.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hasProcesses } from "#test/support/has-processes.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox, type Ended, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { type Blow, createStriker, type Strike, type Striker } from "#test/support/striker.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const randomMoments = 30;
const blows = ["SIGKILL", "SIGTERM", "power"] as const;

type Found = "old" | "new";

/** A database of one kind, which can be made anew, changed and described. */
interface Subject {
  readonly url: string;
  /** As it was when it was backed up; nothing else of its name is left. */
  readonly make: () => void;
  /** As it is when it is to be replaced. */
  readonly change: () => void;
  readonly describe: (name: string) => string;
  readonly name: string;
  /** Everything whose name begins like its own. */
  readonly names: () => readonly string[];
}

function mariaSubject(server: MariadbServer): Subject {
  const run = (sql: string, ...database: readonly string[]) =>
    execFileSync("mariadb", ["--no-defaults", `--socket=${server.socket}`, "-uroot", "-BN", ...database], {
      input: sql,
      encoding: "utf8",
    });
  const names = () => run("SHOW DATABASES LIKE 'shop%'").split("\n").filter(Boolean);
  return {
    url: `mysql://root@/shop?socket=${server.socket}`,
    name: "shop",
    names,
    make: () => {
      for (const name of names()) run(`DROP DATABASE ${name}`);
      run("CREATE DATABASE shop");
      run(
        `CREATE TABLE a (id INT PRIMARY KEY, v INT);
        CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id));
        INSERT INTO a SELECT seq, seq FROM seq_1_to_200; INSERT INTO b SELECT id, id FROM a;
        CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x + 1;
        CREATE VIEW w AS SELECT f(v) AS y FROM a;
        CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.v = 1;
        CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 00:00:00' DO DELETE FROM b`,
        "shop",
      );
    },
    change: () => {
      run(
        "DELETE FROM b WHERE id > 10; DROP TRIGGER t; CREATE TRIGGER t2 BEFORE UPDATE ON b FOR EACH ROW SET NEW.a = 2; CREATE VIEW w2 AS SELECT y FROM w",
        "shop",
      );
    },
    describe: (name) =>
      run(
        `CHECKSUM TABLE \`${name}\`.a, \`${name}\`.b; SELECT MAX(y) FROM w;
        SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1;
        SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE();
        SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE();
        SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()`,
        name,
      ).replaceAll(`${name}.`, ""),
  };
}

function postgresSubject({ sql, password, port }: PostgresServer): Subject {
  const names = () =>
    sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'shop%'").split("\n").filter(Boolean);
  return {
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/shop`,
    name: "shop",
    names,
    make: () => {
      for (const name of names()) sql("postgres", `DROP DATABASE "${name}"`);
      sql("postgres", "CREATE DATABASE shop", "COMMENT ON DATABASE shop IS 'ours'");
      sql("shop", "CREATE TABLE a AS SELECT g AS id FROM generate_series(1, 200) g");
    },
    change: () => {
      sql("shop", "DELETE FROM a WHERE id > 10", "CREATE TABLE b (x int)");
    },
    describe: (name) =>
      sql(
        name,
        "SELECT md5(string_agg(a::text, ',' ORDER BY id)), (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') FROM a",
      ),
  };
}

function sqliteSubject(sandbox: Sandbox): Subject {
  const directory = sandbox.path("lite");
  const run = (path: string, sql: string) => execFileSync("sqlite3", [path, sql], { encoding: "utf8" });
  const name = `${directory}/shop`;
  return {
    url: `sqlite://${name}`,
    name,
    names: () => readdirSync(directory).map((file) => `${directory}/${file}`),
    make: () => {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
      run(name, "CREATE TABLE a (id); INSERT INTO a VALUES (1), (2), (3)");
    },
    change: () => {
      run(name, "DELETE FROM a WHERE id > 1; CREATE TABLE b (x)");
    },
    describe: (path) =>
      run(path, "SELECT group_concat(id) FROM a; SELECT group_concat(name) FROM sqlite_master"),
  };
}

interface World extends AsyncDisposable {
  readonly job: TestJob;
  readonly sandbox: Sandbox;
  readonly striker: Striker;
  readonly subject: Subject;
  readonly old: string;
  readonly wanted: string;
}

/** By how many half steps before its end a restore is ended where not each is tried. */
const samples: Readonly<Record<(typeof kinds)[number], Partial<Record<Blow | "deno", readonly number[]>>>> = {
  mariadb: { SIGKILL: [1, 9], SIGTERM: [8], power: [11], deno: [10] },
  postgres: { SIGKILL: [1, 2], power: [3] },
  sqlite: { SIGKILL: [3, 4], SIGTERM: [5] },
};

function sampleOf(kind: (typeof kinds)[number], runtime: Runtime, blow: Blow): readonly number[] {
  const { deno = [], ...ofBun } = samples[kind];
  return runtime === "bun" ? (ofBun[blow] ?? []) : blow === "SIGKILL" ? deno : [];
}

const kinds = ["mariadb", "postgres", "sqlite"] as const;

async function createWorld(kind: (typeof kinds)[number]): Promise<World> {
  const sandbox = await createSandbox();
  const server =
    kind === "mariadb"
      ? await startMariadbServer()
      : kind === "postgres"
        ? await startPostgresServer()
        : undefined;
  const subject =
    server === undefined
      ? sqliteSubject(sandbox)
      : "socket" in server && "dataDirectory" in server
        ? mariaSubject(server)
        : postgresSubject(server);
  subject.make();
  const job = await createJob(sandbox, {
    APP_DIR: undefined,
    RUNTIME_DIR: sandbox.path("run"),
    DATABASES: subject.url,
  });
  const wanted = subject.describe(subject.name);
  const backup = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config]);
  expect(backup).toMatchObject({ exitCode: 0, stderr: "" });
  subject.change();
  const old = subject.describe(subject.name);
  expect(old).not.toBe(wanted);
  return {
    job,
    sandbox,
    subject,
    old,
    wanted,
    striker: createStriker(sandbox.path("striker")),
    [Symbol.asyncDispose]: async () => {
      await server?.[Symbol.asyncDispose]();
      await sandbox[Symbol.asyncDispose]();
    },
  };
}

/** Which of the two there is, and that nothing else is; it becomes the old one again. */
function takeBack({ subject, old, wanted }: World): Found {
  const now = subject.describe(subject.name);
  const found = now === wanted ? "new" : "old";
  expect(now).toBe(found === "new" ? wanted : old);
  const beside = subject.names().filter((name) => name !== subject.name);
  expect(beside).toHaveLength(found === "new" ? 1 : 0);
  for (const name of beside) expect({ name, text: subject.describe(name) }).toEqual({ name, text: old });
  subject.make();
  subject.change();
  return found;
}

async function restore(
  { sandbox, job, striker }: World,
  runtime: Runtime,
  strike: Strike | { readonly blow: "SIGKILL" | "SIGTERM"; readonly afterMs: number } | undefined,
): Promise<Ended> {
  const isTimed = strike !== undefined && "afterMs" in strike;
  striker.arm(isTimed ? undefined : strike);
  const component = "database-shop";
  const args = ["restore", "latest", "--in-place", "--component", component, "--yes", "-c", job.config];
  const running = sandbox.start(runtime, "scripts/restore.ts", args, { env: { PATH: striker.path } });
  striker.watch(running.pid);
  if (isTimed) {
    await Promise.race([sleep(strike.afterMs), running.exited]);
    running.kill(strike.blow);
  }
  return running.exited;
}

/** Hold everything that is promised against what a restore that was ended has left. */
async function expectPromises(
  world: World,
  runtime: Runtime,
  blow: Blow,
  ended: Ended,
  logBefore: number,
): Promise<Found> {
  const { sandbox, job } = world;
  const settle = () =>
    waitFor(() => !hasProcesses(sandbox), { what: "whoever clears up to end", timeoutMs: 60_000 });
  const readLog = () => (existsSync(job.logFile) ? readFileSync(job.logFile, "utf8") : "");
  if (blow !== "power") await settle();
  const next = await sandbox.run(runtime, "scripts/recover.ts", ["-c", job.config]);
  await settle();
  const said = `${readLog().slice(logBefore)}${next.stderr}`;
  const context = { blow, ended, said, calls: world.striker.calls().at(-1) };
  expect({ ...context, isOpen: existsSync(job.journal) }).toMatchObject({ isOpen: false });
  expect(existsSync(sandbox.path("run")) ? readdirSync(sandbox.path("run")) : []).toEqual([]);
  const found = takeBack(world);
  // Said is what is, and nothing else.
  const isSaidNew = /Replaced as a whole|OK: Restored|too late to stop: .* has been replaced/.test(said);
  expect({ ...context, found, isSaidNew }).toMatchObject({ isSaidNew: found === "new" });
  return found;
}

const tell = (what: string, found: readonly Found[]) => {
  const isNew = found.filter((one) => one === "new").length;
  process.stdout.write(
    `${what}: ${found.length} trials, 0 failures; ${found.length - isNew} old, ${isNew} new\n`,
  );
};

describe.skipIf(!hasMariadb || !hasPostgres).each(kinds)("restore of %s in its place", (kind) => {
  let world: World;
  const calls: Partial<Record<Runtime, readonly string[]>> = {};
  let tookMs = 0;

  beforeAll(async () => {
    world = await createWorld(kind);
    const startedMs = performance.now();
    expect(await restore(world, "bun", undefined)).toMatchObject({ exitCode: 0 });
    tookMs = performance.now() - startedMs;
    calls.bun = world.striker.calls();
    expect(takeBack(world)).toBe("new");
  }, 60_000);
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** All, or some of the last ones, among which the swap is, and the very last. */
  function choose(runtime: Runtime, blow: Blow): readonly Strike[] {
    const all = (calls.bun ?? []).flatMap((_, index) =>
      (["before", "after"] as const).map((when) => ({ blow, when, turn: index + 1 })),
    );
    if (isWhole) return all;
    const back = sampleOf(kind, runtime, blow);
    return all.filter((_, index) => back.includes(all.length - index));
  }

  describe.each(runtimes.filter((runtime) => isWhole || runtime === "bun" || kind === "mariadb"))(
    "on %s",
    (runtime) => {
      test.each(blows.filter((blow) => isWhole || sampleOf(kind, runtime, blow).length > 0))(
        "%s at the programs that it calls: old or new as a whole, and it is said which",
        async (blow) => {
          const found: Found[] = [];
          for (const strike of choose(runtime, blow)) {
            const { length } = existsSync(world.job.logFile) ? readFileSync(world.job.logFile, "utf8") : "";
            found.push(
              await expectPromises(world, runtime, blow, await restore(world, runtime, strike), length),
            );
          }
          tell(`${blow} at ${calls.bun?.length} programs, ${kind} on ${runtime}`, found);
        },
        isWhole ? 2_400_000 : 60_000,
      );

      test.each(isWhole ? (["SIGKILL", "SIGTERM"] as const) : [])(
        "%s at random moments: the same",
        async (blow) => {
          const found: Found[] = [];
          for (let index = 0; index < randomMoments; index += 1) {
            const { length } = readFileSync(world.job.logFile, "utf8");
            const ended = await restore(world, runtime, { blow, afterMs: Math.random() * tookMs });
            found.push(await expectPromises(world, runtime, blow, ended, length));
          }
          tell(`${blow} at ${randomMoments} random moments, ${kind} on ${runtime}`, found);
        },
        isWhole ? 2_400_000 : 60_000,
      );
    },
  );
});
