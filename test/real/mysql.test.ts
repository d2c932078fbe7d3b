/**
 * MariaDB backed up and restored with the real server and the commands that the manifest names, and every way in which a
 * dump can fail with what it says then.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { MysqlTarget } from "#lib/core/database-url.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createMysqlSource } from "#lib/sources/mysql.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { openSource } from "#test/support/open-source.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const strangePassword = String.raw`p"w\ 'it' #;%41 \n`;

describe.skipIf(!hasMariadb)("MariaDB", () => {
  let server: MariadbServer;

  beforeAll(async () => {
    server = await startMariadbServer({ hasBinaryLog: true });
    const password = strangePassword.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    server.sql(
      "mysql",
      `CREATE USER reader IDENTIFIED BY '${password}'`,
      "GRANT SELECT, SHOW VIEW, TRIGGER, LOCK TABLES, EVENT ON *.* TO reader",
      "CREATE DATABASE large",
    );
    server.sql(
      "large",
      "CREATE TABLE filler (a TEXT)",
      "INSERT INTO filler SELECT REPEAT('x', 1000) FROM seq_1_to_20000",
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const targetOf = (changes: Partial<MysqlTarget> = {}): MysqlTarget => ({
    kind: "mysql",
    user: "root",
    password: undefined,
    host: undefined,
    port: undefined,
    socket: server.socket,
    database: "large",
    container: undefined,
    componentName: `database-${changes.database ?? "large"}`,
    ...changes,
  });
  const overTcp = { socket: undefined, host: "127.0.0.1" } as const;
  const reader = () => ({
    ...overTcp,
    port: server.port,
    user: "reader",
    password: createSecret(strangePassword),
  });
  const sourceOf = (changes: Partial<MysqlTarget> = {}) =>
    createMysqlSource(targetOf(changes), { DB_MIN_KB: 1 });

  /** Run the command that the manifest names, where the set lies. */
  const restore = (directory: string, command: unknown, at = server) =>
    spawnSync(
      "sh",
      [
        "-c",
        `mariadb() { command mariadb --no-defaults --socket='${at.socket}' --user=root "$@"; }; ${command}`,
      ],
      {
        cwd: directory,
        encoding: "utf8",
      },
    );

  const refusal = async (changes: Partial<MysqlTarget>, sandbox: Sandbox): Promise<OpsError> => {
    try {
      await using opened = await openSource(sandbox, sourceOf(changes), { timeoutMs: 2000 });
      throw new Error(`It was opened: ${opened.path}`);
    } catch (error) {
      if (error instanceof OpsError) return error;
      throw error;
    }
  };

  test("is dumped at one point in time under a steady writer, and comes back with everything", async () => {
    await using sandbox = await createSandbox();
    using _database = createShop(server, "shop");
    const writer = startWriter(server, "shop");
    const count = () => Number(server.sql("shop", "SELECT COUNT(*) FROM orders"));
    await waitFor(() => count() > 50, { what: "the writer to write" });

    await using dump = await openSource(sandbox, sourceOf({ database: "shop" }));
    const before = count();
    await dump.writeWhole();
    const after = count();
    writer.kill("SIGKILL");
    await waitFor(() => server.sql("mysql", clientsOf("shop")) === "0", { what: "the writer to go" });
    expect(after).toBeGreaterThan(before);
    const checksum = server.sql("shop", "CHECKSUM TABLE filler");

    server.sql("mysql", "DROP DATABASE shop");
    expect(restore(dump.directory, dump.open.facts?.["restore"])).toMatchObject({ status: 0, stderr: "" });
    const agreement = "SELECT COUNT(*), SUM(amount), MAX(id) FROM";
    const orders = server.sql("shop", `${agreement} orders`);
    expect(server.sql("shop", `${agreement} ledger`)).toBe(orders);
    expect(Number(orders.split("\t")[0])).toBeWithin(before, after + 1);
    expect(server.sql("shop", "CHECKSUM TABLE filler")).toBe(checksum);
    expect(server.sql("shop", "SELECT double_it(21)")).toBe("42");
    expect(server.sql("shop", "SELECT COUNT(*) FROM large_orders")).toMatch(/^\d+$/);
    const made = "SELECT COUNT(*) FROM information_schema";
    expect(server.sql("shop", `${made}.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop'`)).toBe("1");
    expect(server.sql("shop", `${made}.EVENTS WHERE EVENT_SCHEMA = 'shop'`)).toBe("1");
    const collation =
      "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'shop'";
    expect(server.sql("shop", collation)).toBe("utf8mb4_german2_ci");
  }, 120_000);

  test("can be restored under another name, since the dump does not name its own", async () => {
    await using sandbox = await createSandbox();
    using _database = createShop(server, "original");
    await using dump = await openSource(sandbox, sourceOf({ database: "original" }));
    await dump.writeWhole();
    expect(readFileSync(dump.path, "utf8")).not.toMatch(/^(?:USE|CREATE DATABASE)/m);
    using _other = createDatabase(server, "other");
    execFileSync("sh", [
      "-c",
      `mysql --no-defaults --socket='${server.socket}' -u root other < ${dump.path}`,
    ]);
    expect(server.sql("other", "SELECT COUNT(*) FROM filler")).toBe("100");
  });

  test("is found by its name whatever letters that has, although cron's locale knows none of them", async () => {
    await using sandbox = await createSandbox();
    const inUtf8 = (...statements: readonly string[]) =>
      server.sql("mysql", "SET NAMES utf8mb4", ...statements);
    inUtf8("CREATE DATABASE `größe`", "CREATE TABLE `größe`.`übersicht` (a INT)");
    using _database = { [Symbol.dispose]: () => inUtf8("DROP DATABASE `größe`") };
    await using dump = await openSource(
      sandbox,
      sourceOf({ database: "größe", componentName: "database-groesse" }),
    );
    await dump.writeWhole();
    expect(readFileSync(dump.path, "utf8")).toContain("CREATE TABLE `übersicht`");
    expect(dump.open.facts).toMatchObject({ database: "größe", tables: 1 });
  });

  test("has its position in the binary log in the dump, or a note that says what is missing", async () => {
    await using sandbox = await createSandbox();
    await using dump = await openSource(sandbox, sourceOf());
    await dump.writeWhole();
    expect(readFileSync(dump.path, "utf8")).toMatch(/^-- CHANGE MASTER TO MASTER_LOG_FILE='binlog\.\d+'/m);
    expect(dump.open).toMatchObject({ problems: [], notes: [], facts: { binaryLogPosition: true } });
    // MariaDB's own program needs no privilege for it, MySQL's locks all tables for a moment.
    await using poor = await openSource(sandbox, sourceOf(reader()));
    await poor.writeWhole();
    expect(readFileSync(poor.path, "utf8")).toContain("-- CHANGE MASTER TO");
    await sandbox.fake(
      "mariadb-dump",
      "#!/bin/sh\necho 'mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)'\n",
    );
    await using foreign = await openSource(sandbox, sourceOf(reader()));
    expect(foreign.open.notes.join()).toContain("GRANT RELOAD, REPLICATION CLIENT");
    expect(foreign.open.producer.join(" ")).not.toContain("-data=2");
    await using trusted = await openSource(sandbox, sourceOf());
    expect(trusted.open.producer).toContain("--source-data=2");
  });

  test("names the tables that no transaction covers", async () => {
    await using sandbox = await createSandbox();
    using _database = createDatabase(server, "old");
    server.sql("old", "CREATE TABLE counters (a INT) ENGINE=MyISAM");
    await using dump = await openSource(sandbox, sourceOf({ database: "old" }));
    expect(dump.open.notes).toEqual([expect.stringContaining("old.counters")]);
  });

  test("keeps the past rows of system-versioned tables", async () => {
    await using sandbox = await createSandbox();
    using _database = createDatabase(server, "past");
    const rows = "SELECT a, row_start, row_end FROM prices FOR SYSTEM_TIME ALL ORDER BY row_start";
    server.sql(
      "past",
      "CREATE TABLE prices (a INT) WITH SYSTEM VERSIONING",
      "INSERT INTO prices VALUES (1)",
      "UPDATE prices SET a = 2",
    );
    const before = server.sql("past", rows);
    expect(before.split("\n")).toHaveLength(2);
    await using dump = await openSource(sandbox, sourceOf({ database: "past" }));
    await dump.writeWhole();
    expect(dump.open).toMatchObject({ notes: [], facts: { tables: 1 } });
    server.sql("mysql", "DROP DATABASE past");
    restore(dump.directory, dump.open.facts?.["restore"]);
    expect(server.sql("past", rows)).toBe(before);
  });

  test("brings all databases back on an empty server in one dump, and lets their users in", async () => {
    await using sandbox = await createSandbox();
    using _database = createShop(server, "everything");
    const changes = { database: undefined, componentName: "database-all" };
    await using dump = await openSource(sandbox, sourceOf(changes));
    const { proven } = await dump.writeWhole();
    expect(proven?.bytes).toBeGreaterThan(20_000_000);
    await using empty = await startMariadbServer();
    const { status, stderr } = restore(dump.directory, dump.open.facts?.["restore"], empty);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const table of ["everything.filler", "large.filler"]) {
      const checksum = `CHECKSUM TABLE ${table}`;
      expect(empty.sql("mysql", checksum)).toBe(server.sql("mysql", checksum));
    }
    expect(empty.sql("everything", "SELECT double_it(4)")).toBe("8");
    const again = { ...reader(), port: empty.port, database: "everything" };
    await using second = await openSource(sandbox, sourceOf(again));
    await second.writeWhole();
  }, 60_000);

  describe("reached by a password of odd characters", () => {
    test("takes it from a file that ~/.my.cnf does not overrule", async () => {
      await using sandbox = await createSandbox();
      await sandbox.write("home/.my.cnf", "[client]\npassword=wrong\nuser=nobody\n", 0o600);
      await using dump = await openSource(sandbox, sourceOf(reader()));
      await dump.writeWhole();
    });

    test("shows it in no arguments and no environment while the dump runs", async () => {
      await using sandbox = await createSandbox();
      await sandbox.fake(
        "mariadb-dump",
        `#!/bin/sh\ncase "$*" in *--version*) ;; *) touch ${sandbox.path("begun")}; while [ ! -e ${sandbox.path("go")} ]; do sleep 0.02; done;; esac\nexec /usr/bin/mariadb-dump "$@"\n`,
      );
      await using dump = await openSource(sandbox, sourceOf(reader()));
      const writing = dump.writeWhole();
      await waitFor(() => existsSync(sandbox.path("begun")), { what: "the dump to begin" });
      const shown = everyProcess();
      writeFileSync(sandbox.path("go"), "");
      await writing;
      expect(shown).toContain("--single-transaction");
      expect(shown).not.toContain(strangePassword);
      expect(readdirSync(dump.privateDirectory)).toEqual(["client.cnf"]);
      expect(statSync(join(dump.privateDirectory, "client.cnf")).mode & 0o777).toBe(0o600);
    });
  });

  test("reached as localhost is reached by the socket, and an option file takes nothing from the dump", async () => {
    await using sandbox = await createSandbox();
    using _database = createShop(server, "plain");
    const options = `[client]\nsocket=${server.socket}\n[mysqldump]\nskip-comments\nskip-triggers\n`;
    await sandbox.write("home/.my.cnf", options, 0o600);
    const changes = { socket: undefined, host: "localhost", database: "plain" };
    await using dump = await openSource(sandbox, sourceOf(changes));
    await dump.writeWhole();
    expect(readFileSync(dump.path, "utf8")).toContain("TRIGGER no_zero");
  });

  describe("names what a dump would lack without a word, when", () => {
    test.each([
      ["its user may read tables only", "SELECT, SHOW VIEW, EVENT, TRIGGER", ["functions and procedures"]],
      ["its user may see no triggers", "SELECT, SHOW VIEW, EVENT, ALTER ROUTINE", ["triggers"]],
      ["nothing is hidden", "SELECT, SHOW VIEW, EVENT, TRIGGER, CREATE ROUTINE", []],
    ] as const)("%s", async (_when, privileges, gaps) => {
      await using sandbox = await createSandbox();
      using _database = createShop(server, "my_shop");
      using _user = createUser(server, "poor", `GRANT ${privileges} ON \`my\\_shop\`.* TO poor`);
      const poor = { ...overTcp, port: server.port, user: "poor", database: "my_shop" };
      await using dump = await openSource(sandbox, sourceOf(poor));
      expect(dump.open.problems).toEqual(
        gaps.map((gap) => expect.stringContaining(`database-my_shop: it lacks any ${gap}: GRANT `)),
      );
    });

    test("its user may read one table", async () => {
      await using sandbox = await createSandbox();
      using _database = createShop(server, "half");
      const grants = [
        "GRANT SELECT, TRIGGER ON half.filler TO poor",
        "GRANT EVENT, EXECUTE ON half.* TO poor",
      ];
      using _user = createUser(server, "poor", "DROP FUNCTION half.double_it", ...grants);
      const poor = { ...overTcp, port: server.port, user: "poor", database: "half" };
      await using dump = await openSource(sandbox, sourceOf(poor));
      // The dump program and its trailer say that all is well.
      await dump.writeWhole();
      expect(readFileSync(dump.path, "utf8")).not.toContain("CREATE TABLE `orders`");
      expect(dump.open.problems.join()).toContain("GRANT SELECT ON `half`.*");
    });

    test("a role of its user has the privileges, which is enough", async () => {
      await using sandbox = await createSandbox();
      using _database = createShop(server, "ruled");
      using _user = createUser(
        server,
        "actor",
        "CREATE OR REPLACE ROLE dumper",
        "GRANT SELECT, SHOW VIEW, EVENT, TRIGGER ON ruled.* TO dumper",
        "GRANT SELECT ON mysql.proc TO dumper",
        "GRANT dumper TO actor",
        "SET DEFAULT ROLE dumper FOR actor",
      );
      const actor = { ...overTcp, port: server.port, user: "actor", database: "ruled" };
      await using dump = await openSource(sandbox, sourceOf(actor));
      await dump.writeWhole();
      expect(dump.open.problems).toEqual([]);
      expect(readFileSync(dump.path, "utf8")).toContain("FUNCTION `double_it`");
    });
  });

  describe("in a container", () => {
    const inContainer = { socket: undefined, container: { kind: "name", name: "db" } } as const;
    /** In docker's place: what it is told to run runs here, where the server and a wrong option file are. */
    const fakeDocker = async (sandbox: Sandbox) => {
      await sandbox.write("root/.my.cnf", `[client]\npassword=wrong\n`, 0o600);
      await sandbox.write("etc/my.cnf", `[client]\nprotocol=tcp\nhost=127.0.0.1\nport=${server.port}\n`);
      await sandbox.fake(
        "docker",
        `#!/bin/sh\n[ "$1 $2 $3" = "exec --interactive db" ] || exit 64\nshift 3\n` +
          `export HOME=${sandbox.path("root")} TMPDIR=${sandbox.home} MYSQL_HOME=${sandbox.etc}\nexec "$@"\n`,
      );
    };

    test("takes its password by standard input, into a file that goes with the program", async () => {
      await using sandbox = await createSandbox();
      await fakeDocker(sandbox);
      const { user, password } = reader();
      await using dump = await openSource(sandbox, sourceOf({ ...inContainer, user, password }));
      await dump.writeWhole();
      expect(readdirSync(sandbox.home)).toEqual([]);
    });

    test("says in docker's words why it cannot be asked", async () => {
      await using sandbox = await createSandbox();
      await sandbox.fake("docker", "#!/bin/sh\necho 'Error: No such container: db' >&2\nexit 1\n");
      const refused = await refusal(inContainer, sandbox);
      expect(refused.message).toContain("No such container: db");
      expect(refused.hint).toContain("container");
    });

    test("is no container of a database without its programs", async () => {
      await using sandbox = await createSandbox();
      await sandbox.fake("docker", "#!/bin/sh\necho 'OCI runtime exec failed' >&2\nexit 126\n");
      const refused = await refusal(inContainer, sandbox);
      expect(refused.message).toContain('it is not in the container "db"');
    });
  });

  describe("refuses to be dumped, in its own words with a hint, when", () => {
    test.each([
      [
        "the password is wrong",
        () => ({ ...reader(), password: createSecret("wrong") }),
        "Access denied for user 'reader'",
        "password",
      ],
      ["the database is unknown", () => ({ database: "nope" }), "Unknown database 'nope'", "SHOW DATABASES"],
      [
        "nobody listens",
        () => ({ ...overTcp, port: 1, user: "x" }),
        "Can't connect",
        "Is the server running",
      ],
      ["the host is unknown", () => ({ ...overTcp, host: "nowhere.invalid" }), "Unknown", "Correct the host"],
      [
        "the socket is gone",
        () => ({ socket: "/nonexistent.sock" }),
        "/nonexistent.sock",
        "Is the server running",
      ],
    ] as const)("%s", async (_when, changes, words, hint) => {
      await using sandbox = await createSandbox();
      const error = await refusal(changes(), sandbox);
      expect(error.outcome).toBe("failed");
      expect(error.message).toContain(words);
      expect(error.hint).toContain(hint);
    });

    test("the server takes connections but says nothing", async () => {
      await using sandbox = await createSandbox();
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const { port } = silent.address() as AddressInfo;
      const error = await refusal({ ...overTcp, port, user: "x" }, sandbox);
      silent.close();
      expect(error.message).toMatch(/Can't connect|Lost connection|no answer/);
      expect(error.hint).toMatch(/server/);
    });

    test("the dump program is missing", async () => {
      await using sandbox = await createSandbox();
      for (const name of ["mariadb-dump", "mysqldump"]) await sandbox.fake(name, "#!/bin/sh\nexit 127\n");
      const error = await refusal({}, sandbox);
      expect(error.message).toContain("Cannot run mariadb-dump or mysqldump");
      expect(error.hint).toContain("mariadb-client");
    });

    const failure = async (changes: Partial<MysqlTarget>, sandbox: Sandbox) => {
      await using dump = await openSource(sandbox, sourceOf(changes));
      const written = await dump.write();
      expect(written.isUsable).toBe(false);
      return written.status;
    };

    test.each([
      ["SHOW VIEW, TRIGGER, EVENT, EXECUTE", "SELECT command denied", "GRANT SELECT"],
      ["SELECT, TRIGGER, EVENT", "SHOW VIEW command denied", "SHOW VIEW"],
      ["SELECT, SHOW VIEW, TRIGGER", "Access denied", "GRANT EVENT"],
      ["SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE", "insufficient privileges", "mysql.proc"],
    ])("its user has no more than %s", async (privileges, words, hint) => {
      await using sandbox = await createSandbox();
      using _database = createShop(server, "locked");
      using _user = createUser(server, "blind", `GRANT ${privileges} ON locked.* TO blind`);
      const blind = { ...overTcp, port: server.port, user: "blind", database: "locked" };
      const status = await failure(blind, sandbox);
      expect(status.problems.join()).toContain(words);
      expect(status.hint).toContain(hint);
    });

    test.each([
      ["MyISAM", "MYD"],
      ["Aria", "MAD"],
    ])("a table of %s has crashed", async (engine, suffix) => {
      await using sandbox = await createSandbox();
      using _database = createDatabase(server, "broken");
      server.sql(
        "broken",
        `CREATE TABLE t (a INT, b TEXT, KEY (a)) ENGINE=${engine}`,
        "INSERT INTO t SELECT seq, 'x' FROM seq_1_to_5000",
        "FLUSH TABLES",
      );
      truncateSync(join(server.dataDirectory, `broken/t.${suffix}`), 50_000);
      const status = await failure({ database: "broken" }, sandbox);
      expect(status.problems.join()).toMatch(/crashed|Incorrect|corrupt|Got error/i);
      expect(status.hint).toContain("REPAIR TABLE");
    });

    test("a view reads a table that is gone", async () => {
      await using sandbox = await createSandbox();
      using _database = createDatabase(server, "hollow");
      server.sql(
        "hollow",
        "CREATE TABLE t (a INT)",
        "CREATE VIEW v AS SELECT a FROM t",
        "RENAME TABLE t TO u",
      );
      const status = await failure({ database: "hollow" }, sandbox);
      expect(status.problems.join()).toContain("View 'hollow.v' references invalid table");
      expect(status.hint).toContain("DROP the view");
    });

    test.each([
      [
        "the connection is cut",
        () =>
          server
            .sql("mysql", "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = 'busy'")
            .split("\n")
            .map((id) => `KILL ${id}`),
        "Lost connection",
        "server's log",
      ],
      [
        "the schema is changed",
        () => ["ALTER TABLE busy.z ADD b INT FIRST, ENGINE=InnoDB"],
        "Table definition has changed",
        "schema was changed",
      ],
    ] as const)("%s while the dump runs", async (_when, statements, words, hint) => {
      await using sandbox = await createSandbox();
      using _database = createDatabase(server, "busy");
      server.sql(
        "busy",
        "CREATE TABLE a AS SELECT REPEAT('x', 1000000) AS a FROM seq_1_to_20",
        "CREATE TABLE z AS SELECT 1 AS a",
      );
      await sandbox.fake("mariadb-dump", heldDump(sandbox));
      const failing = failure({ database: "busy" }, sandbox);
      await waitFor(() => existsSync(sandbox.path("begun")), { what: "the dump to begin" });
      server.sql("mysql", ...statements());
      writeFileSync(sandbox.path("go"), "");
      const status = await failing;
      expect(status.problems.join()).toContain(words);
      expect(status.hint).toContain(hint);
    });

    test("the dump is killed at half", async () => {
      await using sandbox = await createSandbox();
      await sandbox.fake(
        "mariadb-dump",
        '#!/bin/sh\ncase "$*" in *--version*) exec /usr/bin/mariadb-dump "$@";; esac\n/usr/bin/mariadb-dump "$@" 2>/dev/null | head -c 100000\nkill -9 $$\n',
      );
      expect((await failure({}, sandbox)).problems.join()).toContain("killed by signal 9");
    });
  });

  test("is doubtful when the dump ended well but lacks its end", async () => {
    await using sandbox = await createSandbox();
    await sandbox.fake(
      "mariadb-dump",
      '#!/bin/sh\ncase "$*" in *--version*) exec /usr/bin/mariadb-dump "$@";; esac\n/usr/bin/mariadb-dump "$@" | head -c 100000\n',
    );
    await using dump = await openSource(sandbox, sourceOf());
    const written = await dump.write();
    expect(dump.open.proof.isAlways).toBe(true);
    expect(written).toMatchObject({
      isUsable: true,
      status: { outcome: "complete" },
      proven: { bytes: 100_000, problem: expect.stringContaining("-- Dump completed") },
    });
  });
});

/** Leaving its scope drops it. */
function createDatabase(server: MariadbServer, name: string): Disposable {
  server.sql("mysql", `CREATE DATABASE ${name} COLLATE utf8mb4_german2_ci`);
  return { [Symbol.dispose]: () => server.sql("mysql", `DROP DATABASE IF EXISTS ${name}`) };
}

/** Without a password; `statements` come after it. */
function createUser(server: MariadbServer, name: string, ...statements: readonly string[]): Disposable {
  server.sql("mysql", `CREATE USER ${name}`, ...statements);
  return { [Symbol.dispose]: () => server.sql("mysql", `DROP USER ${name}`) };
}

/** The real program, whose output waits behind its beginning until the test says "go". */
function heldDump(sandbox: Sandbox): string {
  const [begun, go] = [sandbox.path("begun"), sandbox.path("go")];
  return (
    '#!/bin/bash\ncase "$*" in *--version*) exec /usr/bin/mariadb-dump "$@";; esac\nset -o pipefail\n' +
    `/usr/bin/mariadb-dump "$@" | { head -c 3000000; touch ${begun}; while [ ! -e ${go} ]; do sleep 0.02; done; cat; }\n`
  );
}

function createShop(server: MariadbServer, name: string): Disposable {
  const database = createDatabase(server, name);
  server.sql(
    name,
    "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, amount INT)",
    "CREATE TABLE ledger (id INT AUTO_INCREMENT PRIMARY KEY, amount INT)",
    "CREATE TABLE filler (a TEXT, b BLOB)",
    "INSERT INTO filler SELECT REPEAT('größe ', 100), UNHEX('00FF0A27') FROM seq_1_to_100",
    "CREATE VIEW large_orders AS SELECT * FROM orders WHERE amount > 50",
    "CREATE FUNCTION double_it(x INT) RETURNS INT DETERMINISTIC RETURN 2 * x",
    "CREATE TRIGGER no_zero BEFORE INSERT ON orders FOR EACH ROW SET NEW.amount = GREATEST(NEW.amount, 1)",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM filler WHERE a = ''",
  );
  return database;
}

/** Both tables get the same row in one transaction, for ever. */
function startWriter(server: MariadbServer, name: string): ChildProcess {
  const args = ["--no-defaults", `--socket=${server.socket}`, "--user=root", name];
  const child = spawn("mariadb", args, { stdio: ["pipe", "ignore", "ignore"] });
  const row =
    "BEGIN; INSERT INTO orders (amount) VALUES (7); INSERT INTO ledger (amount) VALUES (7); COMMIT;\n";
  const feed = () => {
    while (child.stdin?.writable === true && child.stdin.write(row.repeat(20)));
  };
  child.stdin?.on("drain", feed).on("error", () => undefined);
  feed();
  return child;
}

const clientsOf = (name: string) =>
  `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '${name}'`;

/** Arguments and environment of every process of the machine. */
function everyProcess(): string {
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      // It ended while it was looked at.
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => `${read(`/proc/${pid}/cmdline`)}\n${read(`/proc/${pid}/environ`)}`)
    .join("\n");
}
