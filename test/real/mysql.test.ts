/**
 * MariaDB backed up and restored with the real server and the commands that the manifest names, and every way in which a
 * dump can fail with what it says then.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
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
  const restore = (directory: string, command: unknown) =>
    spawnSync(
      "sh",
      [
        "-c",
        `mysql() { command mysql --no-defaults --socket='${server.socket}' --user=root "$@"; }; ${command}`,
      ],
      {
        cwd: directory,
        encoding: "utf8",
      },
    );

  test("is dumped at one point in time under a steady writer, and comes back with everything", async () => {
    await using sandbox = await createSandbox();
    createShop(server, "shop");
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
    server.sql("mysql", "DROP DATABASE shop");
  }, 120_000);

  test("can be restored under another name, since the dump does not name its own", async () => {
    await using sandbox = await createSandbox();
    createShop(server, "original");
    await using dump = await openSource(sandbox, sourceOf({ database: "original" }));
    await dump.writeWhole();
    expect(readFileSync(dump.path, "utf8")).not.toMatch(/^(?:USE|CREATE DATABASE)/m);
    server.sql("mysql", "CREATE DATABASE other");
    execFileSync("sh", [
      "-c",
      `mysql --no-defaults --socket='${server.socket}' -u root other < ${dump.path}`,
    ]);
    expect(server.sql("other", "SELECT COUNT(*) FROM filler")).toBe("100");
    server.sql("mysql", "DROP DATABASE original", "DROP DATABASE other");
  });

  test("has its position in the binary log in the dump, or a note that says what is missing", async () => {
    await using sandbox = await createSandbox();
    await using dump = await openSource(sandbox, sourceOf());
    await dump.writeWhole();
    expect(readFileSync(dump.path, "utf8")).toMatch(/^-- CHANGE MASTER TO MASTER_LOG_FILE='binlog\.\d+'/m);
    await using poor = await openSource(sandbox, sourceOf(reader()));
    expect(poor.open.notes.join()).toContain("GRANT RELOAD, REPLICATION CLIENT");
    await poor.writeWhole();
  });

  test("names the tables that no transaction covers", async () => {
    await using sandbox = await createSandbox();
    server.sql("mysql", "CREATE DATABASE old");
    server.sql("old", "CREATE TABLE counters (a INT) ENGINE=MyISAM");
    await using dump = await openSource(sandbox, sourceOf({ database: "old" }));
    expect(dump.open.notes).toEqual([expect.stringContaining("old.counters")]);
    server.sql("mysql", "DROP DATABASE old");
  });

  test("takes all databases of the server in one dump", async () => {
    await using sandbox = await createSandbox();
    await using dump = await openSource(
      sandbox,
      sourceOf({ database: undefined, componentName: "database-all" }),
    );
    const { proven } = await dump.writeWhole();
    expect(proven?.bytes).toBeGreaterThan(20_000_000);
    const text = readFileSync(dump.path, "utf8");
    expect(text).toContain("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `large`");
    expect(text).toContain("'reader'");
  });

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
    });
  });

  describe("refuses to be dumped, in its own words with a hint, when", () => {
    const refusal = async (changes: Partial<MysqlTarget>, sandbox: Sandbox): Promise<OpsError> => {
      try {
        await using opened = await openSource(sandbox, sourceOf(changes));
        throw new Error(`It was opened: ${opened.path}`);
      } catch (error) {
        if (error instanceof OpsError) return error;
        throw error;
      }
    };

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

    test("a privilege is missing", async () => {
      await using sandbox = await createSandbox();
      createShop(server, "locked");
      server.sql("mysql", "CREATE USER blind", "GRANT SELECT ON locked.filler TO blind");
      const status = await failure(
        { ...overTcp, port: server.port, user: "blind", database: "locked" },
        sandbox,
      );
      expect(status.problems.join()).toMatch(/denied|EVENT|LOCK TABLES/);
      expect(status.hint).toContain("GRANT");
      server.sql("mysql", "DROP USER blind", "DROP DATABASE locked");
    });

    test("a table has crashed", async () => {
      await using sandbox = await createSandbox();
      server.sql("mysql", "CREATE DATABASE broken");
      server.sql(
        "broken",
        "CREATE TABLE t (a INT, b TEXT, KEY (a)) ENGINE=MyISAM",
        "INSERT INTO t SELECT seq, 'x' FROM seq_1_to_5000",
        "FLUSH TABLES",
      );
      truncateSync(join(server.dataDirectory, "broken/t.MYD"), 50_000);
      const status = await failure({ database: "broken" }, sandbox);
      expect(status.problems.join()).toMatch(/crashed|Incorrect|corrupt|Got error/i);
      expect(status.hint).toContain("REPAIR TABLE");
      server.sql("mysql", "DROP DATABASE broken");
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
    expect(written).toMatchObject({
      isUsable: true,
      status: { outcome: "complete" },
      proven: { bytes: 100_000, problem: expect.stringContaining("-- Dump completed") },
    });
  });
});

function createShop(server: MariadbServer, name: string): void {
  server.sql("mysql", `CREATE DATABASE ${name} COLLATE utf8mb4_german2_ci`);
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
