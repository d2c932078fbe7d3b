/** The server is gone: application, database, local sets, everything we knew. On a new one, with its configuration and one store, two commands bring it back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree, type Tree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { hasMariadb, type MariadbServer, startMariadbServer } from "#test/support/mariadb-server.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { hasSshd, type SshServer, startSshServer } from "#test/support/ssh-server.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";
const stores = ["directory", "ssh", "rclone"] as const;

describe.skipIf(!hasSshd || !hasMariadb || !isRoot)("a disaster", () => {
  let sandbox: Sandbox;
  let server: SshServer;
  let maria: MariadbServer;
  let job: TestJob;
  let checksum: string;
  /** Of each store, what it got. */
  const trees = new Map<string, Tree>();
  /** Of each store alone. */
  const configs = new Map<string, string>();

  beforeAll(async () => {
    sandbox = await createSandbox();
    [server, maria] = await Promise.all([startSshServer(), startMariadbServer()]);
    maria.sql("mysql", "CREATE DATABASE shop");
    maria.sql(
      "shop",
      "CREATE TABLE t (id INT, x TEXT)",
      "INSERT INTO t SELECT seq, MD5(seq) FROM seq_1_to_5000",
    );
    checksum = maria.sql("shop", "CHECKSUM TABLE t");
    for (const store of stores) mkdirSync(sandbox.path("store", store), { recursive: true });
    const ssh = {
      STORE_ONE_URL: `ssh://root@127.0.0.1:${server.port}${sandbox.path("store/ssh")}`,
      STORE_ONE_KEY_FILE: server.keyFile,
      STORE_ONE_KNOWN_HOSTS_FILE: server.knownHostsFile,
    };
    const groups = {
      directory: { STORE_ONE_URL: sandbox.path("store/directory") },
      ssh,
      rclone: { STORE_ONE_URL: `rclone::local:${sandbox.path("store/rclone")}` },
    };
    await createNastyTree(sandbox.path("srv/app/nasty"), { smallFiles: 200, sparseMb: 4 });
    for (const store of stores) {
      job = await createJob(sandbox, {
        DATABASES: `mysql://root@/shop?socket=${maria.socket}`,
        RUNTIME_DIR: sandbox.path("run"),
        ...groups[store],
      });
      trees.set(store, describeTree(job.app));
      const ended = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config], {
        timeoutMs: 120_000,
      });
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      const config = sandbox.path("etc", `${store}.env`);
      writeFileSync(config, readFileSync(job.config), { mode: 0o600 });
      configs.set(store, config);
    }
  }, 240_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await maria?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  describe.each(runtimes)("on %s", (runtime) => {
    const wanted = runtime === "bun" || isWhole ? stores : stores.slice(0, 1);
    test.each(wanted)(
      "is undone from a store by %s",
      async (store) => {
        rmSync(job.app, { recursive: true });
        for (const gone of ["backups", "state", "run"])
          rmSync(sandbox.path(gone), { recursive: true, force: true });
        // A new machine has its directories.
        for (const made of ["backups", "state"]) mkdirSync(sandbox.path(made));
        maria.sql("mysql", "DROP DATABASE shop");

        const restore = ["restore", "latest", "--trust", "-c", configs.get(store) ?? "none"];
        const first = await sandbox.run(runtime, script, [...restore, "--in-place", "--yes"]);
        expect(first).toMatchObject({ exitCode: 0, stderr: "" });
        const second = await sandbox.run(runtime, script, [
          ...restore,
          "--component",
          "database-shop",
          "--database",
          "shop",
        ]);
        expect(second).toMatchObject({ exitCode: 0, stderr: "" });

        const ignore = (_: string, { type }: { readonly type: string }) => type === "socket";
        expect(compareTrees(trees.get(store)!, describeTree(job.app), { ignore })).toEqual([]);
        expect(maria.sql("shop", "CHECKSUM TABLE t")).toBe(checksum);
      },
      120_000,
    );
  });
});
