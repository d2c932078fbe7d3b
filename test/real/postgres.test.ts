/**
 * PostgreSQL backed up and restored with the real server and the commands that the manifest names, and every way in
 * which a dump can fail with what it says then.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { chooseCompressor } from "#lib/core/compression.ts";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createPostgresSources } from "#lib/sources/postgres.ts";
import type { Source } from "#lib/sources/source.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { openSource } from "#test/support/open-source.ts";
import { hasPostgres, type PostgresServer, startPostgresServer } from "#test/support/postgres-server.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const strangePassword = String.raw`p:w\ "it's" *#?%41\:x`;
const zstd = chooseCompressor({ method: "zstd", level: undefined, threads: 1 }, false);

describe.skipIf(!hasPostgres)("PostgreSQL", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgresServer();
    const password = `'${strangePassword.replaceAll("'", "''")}'`;
    server.sql("postgres", `CREATE ROLE reader LOGIN PASSWORD ${password}`, "CREATE DATABASE large");
    server.sql("large", filler("filler"));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const targetOf = (changes: Partial<PostgresTarget> = {}): PostgresTarget => ({
    kind: "postgres",
    user: "postgres",
    password: createSecret(server.password),
    host: "127.0.0.1",
    port: server.port,
    socket: undefined,
    database: "postgres",
    container: undefined,
    componentName: `database-${changes.database ?? "postgres"}`,
    ...changes,
  });
  const sourcesOf = (changes: Partial<PostgresTarget> = {}): readonly [Source, Source] => {
    const [database, globals] = createPostgresSources(targetOf(changes), { DB_MIN_KB: 1 });
    return [database!, globals!];
  };
  const allOf = (changes: Partial<PostgresTarget> = {}) =>
    createPostgresSources(targetOf({ database: undefined, ...changes }), { DB_MIN_KB: 1 })[0]!;

  /** Run the command that the manifest names, where the set lies. */
  const restore = (directory: string, facts: Readonly<Record<string, unknown>> | undefined) => {
    const env = server.environment;
    return spawnSync("sh", ["-c", String(facts?.["restore"])], { cwd: directory, env, encoding: "utf8" });
  };

  describe("a dump under a steady writer", () => {
    test("is one point in time, and brings back everything with the plain commands after everything was dropped", async () => {
      await using sandbox = await createSandbox();
      createShop(server, "shop");
      const writer = startWriter(server, "shop");
      const countOrders = () => Number(server.sql("shop", "SELECT count(*) FROM a_orders"));
      await waitFor(() => countOrders() > 50, { what: "the writer to write" });

      const [database, globals] = sourcesOf({ database: "shop" });
      await using roles = await openSource(sandbox, globals);
      await using dump = await openSource(sandbox, database);
      const before = countOrders();
      await dump.writeWhole(zstd);
      const after = countOrders();
      await roles.writeWhole();
      writer.kill("SIGKILL");
      expect(after).toBeGreaterThan(before);
      const large = checksum(server, "shop");

      // By force: the server goes on with the writer's loop although its client is gone.
      server.sql("postgres", "DROP DATABASE shop (FORCE)", "DROP ROLE shop_owner", "DROP ROLE shop_app");
      expect(restore(roles.directory, roles.open.facts).status).toBe(0);
      const file = join(dump.directory, database.fileStem);
      expect(spawnSync("zstd", ["-q", "-d", `${file}.zst`]).status).toBe(0);
      expect(restore(dump.directory, dump.open.facts)).toMatchObject({ status: 0, stderr: "" });

      const agreement = "SELECT count(*), sum(amount), max(id) FROM";
      const orders = server.sql("shop", `${agreement} a_orders`);
      expect(server.sql("shop", `${agreement} z_ledger`)).toBe(orders);
      expect(Number(orders.split("|")[0])).toBeGreaterThanOrEqual(before);
      expect(Number(orders.split("|")[0])).toBeLessThanOrEqual(after);
      expect(checksum(server, "shop")).toBe(large);
      expect(server.sql("shop", "SELECT tableowner FROM pg_tables WHERE tablename = 'm_filler'")).toBe(
        "shop_owner",
      );
      const asApp = (sql: string) =>
        spawnSync("psql", ["-X", "-A", "-t", `--command=${sql}`], {
          env: { ...server.environment, PGUSER: "shop_app", PGPASSWORD: "app's own", PGDATABASE: "shop" },
          encoding: "utf8",
        });
      expect(asApp("SELECT count(*) > 0 FROM a_orders").stdout).toBe("t\n");
      expect(asApp("DELETE FROM a_orders").stderr).toContain("permission denied");
      server.sql("postgres", "DROP DATABASE shop");
    }, 120_000);

    test("says in the manifest what a restore wants to know", async () => {
      await using sandbox = await createSandbox();
      const [database, globals] = sourcesOf();
      await using dump = await openSource(sandbox, database);
      expect(dump.open.facts).toMatchObject({
        server: expect.stringMatching(/^\d+/),
        dumpedBy: expect.stringMatching(/^pg_dump \(PostgreSQL\) \d+/),
        database: "postgres",
        owner: "postgres",
        encoding: "UTF8",
        tables: 0,
        extensions: { plpgsql: expect.any(String) },
      });
      await using roles = await openSource(sandbox, globals);
      expect(roles.open.facts).toMatchObject({ hasRolePasswords: true, databases: ["large", "postgres"] });
    });
  });

  test.each(["we\"ird =x' db", "host=nowhere", "größe"])(
    "a database called %p is dumped and restored",
    async (name) => {
      await using sandbox = await createSandbox();
      server.sql("postgres", `CREATE DATABASE "${name.replaceAll('"', '""')}"`);
      server.sql(name, "CREATE TABLE t AS SELECT 42 AS x");
      const [database, globals] = sourcesOf({ database: name, componentName: "database-odd" });
      await using dump = await openSource(sandbox, database);
      await dump.writeWhole();
      await using roles = await openSource(sandbox, globals);
      await roles.writeWhole();
      server.sql("postgres", `DROP DATABASE "${name.replaceAll('"', '""')}"`);
      expect(restore(dump.directory, dump.open.facts)).toMatchObject({ status: 0, stderr: "" });
      expect(server.sql(name, "SELECT x FROM t")).toBe("42");
      server.sql("postgres", `DROP DATABASE "${name.replaceAll('"', '""')}"`);
    },
  );

  test("all databases of a server come back from one dump, and one that is closed is named", async () => {
    await using sandbox = await createSandbox();
    server.sql(
      "postgres",
      "CREATE ROLE one_owner",
      "CREATE DATABASE one OWNER one_owner",
      "CREATE DATABASE two",
    );
    server.sql("one", "CREATE TABLE t AS SELECT 1 AS x");
    server.sql("two", "CREATE TABLE t AS SELECT 2 AS x");
    server.sql("postgres", "CREATE DATABASE shut ALLOW_CONNECTIONS false");
    const all = allOf({ componentName: "database-all" });
    await using dump = await openSource(sandbox, all);
    await dump.writeWhole();
    expect(all.fileStem).toBe("database-all.sql");
    expect(dump.open.notes).toEqual(["database-all: without the databases that take no connections: shut"]);
    server.sql(
      "postgres",
      "DROP DATABASE one",
      "DROP DATABASE two",
      "DROP DATABASE shut",
      "DROP ROLE one_owner",
    );
    expect(restore(dump.directory, dump.open.facts).status).toBe(0);
    expect([server.sql("one", "TABLE t"), server.sql("two", "TABLE t")]).toEqual(["1", "2"]);
    server.sql("postgres", "DROP DATABASE one", "DROP DATABASE two", "DROP ROLE one_owner");
  });

  test("roles come without their passwords, and with a note, if the user may not read those", async () => {
    await using sandbox = await createSandbox();
    const [, globals] = sourcesOf({ user: "reader", password: createSecret(strangePassword) });
    await using roles = await openSource(sandbox, globals);
    await roles.writeWhole();
    const text = readFileSync(roles.path, "utf8");
    expect(text).toContain("CREATE ROLE reader;");
    expect(text).not.toContain("PASSWORD");
    expect(roles.open.notes).toEqual([expect.stringContaining('"reader" may not read pg_authid')]);
  });

  describe("a password", () => {
    test("of colons, backslashes, quotes and spaces logs in", async () => {
      await using sandbox = await createSandbox();
      const [database] = sourcesOf({ user: "reader", password: createSecret(strangePassword) });
      await using dump = await openSource(sandbox, database);
      await dump.writeWhole();
    });

    test("from outside does not come before the one in the configuration", async () => {
      await using sandbox = await createSandbox();
      const env = { ...sandbox.environment, PGPASSWORD: "another one" };
      await using dump = await openSource(sandbox, sourcesOf()[0], { env });
      expect(dump.open.facts).toMatchObject({ database: "postgres" });
    });

    test("of two lines is refused, since no program could read it", async () => {
      await using sandbox = await createSandbox();
      const [database] = sourcesOf({ password: createSecret("one\ntwo") });
      expect(await refusal(sandbox, database)).toMatchObject({
        message: expect.stringContaining("line break"),
      });
    });

    test("is in no process's arguments or environment while it is used, and its file is for nobody else", async () => {
      await using sandbox = await createSandbox();
      const secret = "hunter2:only-in-a-file";
      server.sql("postgres", `CREATE ROLE secretive SUPERUSER LOGIN PASSWORD '${secret}'`);
      const login = { user: "secretive", password: createSecret(secret), database: "large" };
      const [database] = sourcesOf(login);
      let directory: string;
      {
        await using dump = await openSource(sandbox, database);
        directory = dump.privateDirectory;
        const gate = createGate(sandbox);
        const writing = dump.write(gate.compressor);
        await gate.reached();
        const seen = findProcesses(secret);
        const known = findProcesses(directory).map(({ name }) => name);
        const [file = "none"] = readdirSync(directory);
        const modes = ["", file].map((name) => statSync(join(directory, name)).mode & 0o777);
        gate.open();
        expect(await writing).toMatchObject({ isUsable: true });
        expect({ seen, modes }).toEqual({ seen: [], modes: [0o700, 0o600] });
        // Whoever looks into processes did look into this one.
        expect(known).toContain("pg_dump");
      }
      expect(existsSync(directory)).toBe(false);
    });
  });

  test.skipIf(!isRoot)("root without user and password logs in as the system user postgres", async () => {
    await using sandbox = await createSandbox();
    const peer = { user: undefined, password: undefined, host: undefined, socket: server.socket };
    // As libpq's own URLs have it: a host that is a path.
    const byHost = { ...peer, host: server.socket, socket: undefined };
    for (const source of [...sourcesOf(peer), sourcesOf(byHost)[0]]) {
      await using dump = await openSource(sandbox, source);
      expect(await dump.writeWhole()).toMatchObject({ status: { notes: [] } });
    }
    await using all = await openSource(sandbox, allOf(peer));
    expect(await all.writeWhole()).toMatchObject({ status: { notes: [] } });
  });

  describe("in a container", () => {
    /** In docker's place: what it is told to run runs here, with the socket and the variables of a container. */
    const fakeDocker = (sandbox: Sandbox, variables: Readonly<Record<string, string>>) => {
      const set = Object.entries({ PGHOST: "127.0.0.1", PGPORT: String(server.port), ...variables });
      const lines = set.map(([name, value]) => `export ${name}='${value}'\n`).join("");
      return sandbox.fake(
        "docker",
        `#!/bin/sh\n[ "$1 $2 $3" = "exec --interactive db" ] || exit 64\nshift 3\n${lines}exec "$@"\n`,
      );
    };
    const inContainer = {
      host: undefined,
      port: undefined,
      container: { kind: "name", name: "db" },
    } as const;

    test("the password comes by standard input, and its file goes with the program", async () => {
      await using sandbox = await createSandbox();
      await fakeDocker(sandbox, { TMPDIR: sandbox.home });
      const login = { user: "reader", password: createSecret(strangePassword), database: "we\"ird =x' $db" };
      server.sql("postgres", `CREATE DATABASE "we""ird =x' $db"`);
      const [database, globals] = sourcesOf({ ...inContainer, ...login });
      expect(globals.name).toBe("globals-db");
      for (const source of [database, globals]) {
        await using dump = await openSource(sandbox, source);
        await dump.writeWhole();
      }
      expect(readdirSync(sandbox.home)).toEqual([]);
    });

    test("without a user it is the one that the image names", async () => {
      await using sandbox = await createSandbox();
      await fakeDocker(sandbox, {
        POSTGRES_USER: "reader",
        PGPASSWORD: strangePassword.replaceAll("'", "'\\''"),
      });
      const [, globals] = sourcesOf({ ...inContainer, user: undefined, password: undefined });
      await using roles = await openSource(sandbox, globals);
      expect(roles.open.facts).toMatchObject({ user: "reader" });
    });
  });

  describe("what cannot be dumped says why", () => {
    test.each([
      [
        "a wrong password",
        { password: createSecret("wrong") },
        "password authentication failed",
        "Correct user and password",
      ],
      ["no password", { password: undefined }, "no password supplied", ".pgpass"],
      ["an unknown database", { database: "nonesuch" }, 'database "nonesuch" does not exist', "psql --list"],
      ["a server that is down", { port: 1 }, "Connection refused", "Is the server running"],
      [
        "a host that nobody knows",
        { host: "nowhere.invalid" },
        "could not translate host name",
        "Correct the host",
      ],
    ] as const)("%s", async (_, changes, words, hint) => {
      await using sandbox = await createSandbox();
      for (const source of sourcesOf(changes)) {
        const refused = await refusal(sandbox, source);
        expect(refused).toMatchObject({
          outcome: "failed",
          message: expect.stringContaining(words),
          hint: expect.stringContaining(hint),
        });
      }
    });

    test("programs that are not installed", async () => {
      await using sandbox = await createSandbox();
      const refused = await refusal(sandbox, sourcesOf()[0], { PATH: "/nonexistent" });
      expect(refused.message).toContain('the program "psql" is not installed');
    });

    test("a table that the user may not read", async () => {
      await using sandbox = await createSandbox();
      server.sql("postgres", "CREATE DATABASE guarded");
      server.sql(
        "guarded",
        "CREATE TABLE open AS SELECT 1",
        "CREATE TABLE secret AS SELECT 2",
        "GRANT SELECT ON open TO reader",
      );
      const login = { user: "reader", password: createSecret(strangePassword) };
      await using dump = await openSource(sandbox, sourcesOf({ database: "guarded", ...login })[0]);
      expect(await dump.write()).toMatchObject({
        isUsable: false,
        status: {
          outcome: "failed",
          problems: [expect.stringContaining("permission denied for table secret")],
          hint: expect.stringContaining("GRANT pg_read_all_data"),
        },
      });
    });

    test("a dump that is killed at half, and one whose server goes away", async () => {
      await using sandbox = await createSandbox();
      const [database] = sourcesOf({ database: "large" });
      const endings = {
        program: (directory: string) => {
          const found = findProcesses(directory).filter(({ name }) => name === "pg_dump");
          for (const { pid } of found) process.kill(pid, "SIGKILL");
        },
        server: () => server.sql("postgres", `SELECT pg_terminate_backend(pid) ${clientsOf("large")}`),
      };
      const problems: string[] = [];
      for (const end of Object.values(endings)) {
        await using dump = await openSource(sandbox, database);
        const gate = createGate(sandbox);
        const writing = dump.write(gate.compressor);
        await gate.reached();
        end(dump.privateDirectory);
        gate.open();
        const written = await writing;
        expect(written.isUsable).toBe(false);
        problems.push(written.status.problems.join());
      }
      expect(problems).toEqual([
        expect.stringContaining("killed by signal 9"),
        expect.stringMatching(/terminating connection|closed the connection/),
      ]);
    });
  });

  test.each(["one database", "all databases"])(
    "a dump of %s that is cut anywhere is found by its proof",
    async (what) => {
      await using sandbox = await createSandbox();
      const source = what === "all databases" ? allOf() : sourcesOf({ database: "large" })[0];
      await using dump = await openSource(sandbox, source);
      await dump.writeWhole();
      const whole = readFileSync(dump.path);
      const cut = sandbox.path("cut");
      const findProblem = async (length: number) => {
        writeFileSync(cut, whole.subarray(0, length));
        return (await dump.prove(cut)).problem;
      };
      // What follows the last word of a text has no meaning.
      const end = whole.length - (what === "all databases" ? 5 : 0);
      for (const length of [0, 1, 5, end - 1]) expect(await findProblem(length)).toBeString();
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: end - 1 }), async (length) => {
          expect(await findProblem(length)).toBeString();
        }),
        { numRuns: process.env.LASTGOOD_FAULT === "whole" ? 200 : 20 },
      );
      expect(await findProblem(whole.length)).toBeUndefined();
    },
  );
});

const filler = (name: string) =>
  `CREATE TABLE ${name} AS SELECT n AS id, repeat(md5(n::text), 4) AS text FROM generate_series(1, 150000) n`;
const clientsOf = (database: string) =>
  `FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`;

/** Two tables that every transaction keeps in agreement, with much between them for a dump to be busy with. */
function createShop(server: PostgresServer, database: string): void {
  server.sql(
    "postgres",
    "CREATE ROLE shop_owner",
    "CREATE ROLE shop_app LOGIN PASSWORD 'app''s own'",
    `CREATE DATABASE ${database} OWNER shop_owner`,
  );
  const columns = "(id bigserial PRIMARY KEY, amount int)";
  server.sql(
    database,
    "SET ROLE shop_owner",
    `CREATE TABLE a_orders ${columns}`,
    filler("m_filler"),
    `CREATE TABLE z_ledger ${columns}`,
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_app",
    `CREATE PROCEDURE write_on() LANGUAGE plpgsql AS $$
       BEGIN
         LOOP
           INSERT INTO a_orders (amount) VALUES (1 + random() * 1000);
           INSERT INTO z_ledger (amount) SELECT amount FROM a_orders ORDER BY id DESC LIMIT 1;
           COMMIT;
         END LOOP;
       END $$`,
  );
}

function startWriter(server: PostgresServer, database: string): ChildProcess {
  const env = { ...server.environment, PGDATABASE: database };
  return spawn("psql", ["-X", "--command=CALL write_on()"], { env, stdio: "ignore" });
}

function checksum(server: PostgresServer, database: string): string {
  return server.sql(database, "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM m_filler t");
}

/** What `open` throws. */
async function refusal(
  sandbox: Sandbox,
  source: Source,
  env?: Readonly<Record<string, string>>,
): Promise<OpsError> {
  try {
    await using _ = await openSource(sandbox, source, env === undefined ? {} : { env });
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error("It was opened");
}

/** A compressor that takes a part of the stream and then nothing until the gate is opened: the producer stands still. */
function createGate(sandbox: Sandbox) {
  const [reached, opened] = ["reached", "opened"].map((name) => sandbox.path(`gate-${name}`)) as [
    string,
    string,
  ];
  for (const file of [reached, opened]) rmSync(file, { force: true });
  const script = `head -c 100000; touch ${reached}; while [ ! -e ${opened} ]; do sleep 0.01; done; cat`;
  return {
    compressor: {
      compress: ["sh", "-c", script],
      decompress: undefined,
      extension: "",
      format: undefined,
    } as const,
    reached: () => waitFor(() => existsSync(reached), { what: "the dump to reach the gate" }),
    open: () => writeFileSync(opened, ""),
  };
}

/** Processes that have `text` among their arguments or in their environment. */
function findProcesses(text: string): { readonly pid: number; readonly name: string }[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "latin1");
      const isFound = read("cmdline").includes(text) || read("environ").includes(text);
      return isFound ? [{ pid: Number(pid), name: read("comm").trim() }] : [];
    } catch {
      return []; // It has ended.
    }
  });
}
