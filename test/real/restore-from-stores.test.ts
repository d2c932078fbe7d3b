/** A new host with nothing but a store: sets are listed, fetched and restored from it, and an attempt that was cut off goes on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { hasSshd, type SshServer, startSshServer } from "#test/support/ssh-server.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const script = "scripts/restore.ts";

describe.skipIf(!hasSshd)("restore --from a store", () => {
  let sandbox: Sandbox;
  let job: TestJob;
  let server: SshServer;
  let home: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    server = await startSshServer();
    job = await createJob(sandbox);
    writeFileSync(join(job.app, "big"), randomBytes(8_000_000));
    expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config])).toMatchObject({
      exitCode: 0,
    });
    // What a new host needs to know of the store: its key.
    home = sandbox.path("new-home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh/config"), `Host *\n  UserKnownHostsFile ${server.knownHostsFile}\n`);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await sandbox[Symbol.asyncDispose]();
  });

  /** ssh takes the home of the user from the system, not from its environment. */
  const ssh = async (place: Sandbox) =>
    place.fake(
      "ssh",
      `#!/bin/sh\nprintf '%s\\n' "$*" >>'${place.path("ssh.log")}'\nexec /usr/bin/ssh -F '${join(home, ".ssh/config")}' "$@"\n`,
    );
  const places = () => ({
    ssh: [`ssh://root@127.0.0.1:${server.port}${job.backups}`, "--key-file", server.keyFile],
    rclone: [`rclone::local:${job.backups}`],
  });

  describe.each(runtimes)("on %s", (runtime) => {
    test.each(runtime === "bun" || isWhole ? (["ssh", "rclone"] as const) : (["rclone"] as const))(
      "lists, verifies and restores by %s",
      async (kind) => {
        await using host = await createSandbox();
        await ssh(host);
        const from = ["--from", ...places()[kind]];
        const listed = await host.run(runtime, script, ["list", ...from]);
        expect(listed).toMatchObject({ exitCode: 0, stderr: "" });
        expect(listed.stdout).toContain(basename(job.sets()[0] ?? ""));
        const verified = await host.run(runtime, script, ["verify", "latest", ...from]);
        expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
        expect(verified.stdout).toMatch(/\(hash\)$/m);
        const restored = await host.run(runtime, script, [
          "restore",
          "latest",
          ...from,
          "--to",
          host.path("back"),
        ]);
        expect(restored).toMatchObject({ exitCode: 0, stderr: "" });
        expect(readdirSync(host.path("back"))).toEqual(["application"]);
        expect(compareTrees(describeTree(job.app), describeTree(host.path("back/application")))).toEqual([]);
      },
      60_000,
    );

    test("goes on where a fetch was killed, and fetches anew what is not the file's beginning", async () => {
      await using host = await createSandbox();
      await ssh(host);
      const args = ["restore", "latest", "--from", ...places().ssh, "--to", host.path("back")];
      // A line that gives 2 MB, then no more.
      await host.fake("ssh-cut", `#!/bin/sh\nexec /usr/bin/ssh -F '${join(home, ".ssh/config")}' "$@"\n`);
      await host.fake(
        "ssh",
        `#!/bin/sh\ncase "$*" in *lastgood-begin*) ssh-cut "$@" | { head -c 2000000; sleep 60; };; *) exec ssh-cut "$@";; esac\n`,
      );
      const running = host.start(runtime, script, args);
      const fetched = () => {
        const [hidden = "none"] = existsSync(host.path("back")) ? readdirSync(host.path("back")) : [];
        return host.path("back", hidden, "application.tar.zst");
      };
      await waitFor(() => existsSync(fetched()) && statSync(fetched()).size >= 1_000_000, {
        what: "a part to be fetched",
        timeoutMs: 30_000,
      });
      running.kill("SIGKILL");
      await running.exited;
      const path = fetched();
      await ssh(host);
      const part = readFileSync(path);
      expect(part.length).toBeLessThan(8_000_000);
      expect(await host.run(runtime, script, args)).toMatchObject({ exitCode: 0, stderr: "" });
      expect(existsSync(path)).toBe(false);
      const [, begin] =
        /application\.tar\.zst (\d+)\n/.exec(readFileSync(host.path("ssh.log"), "utf8")) ?? [];
      expect(Number(begin)).toBeGreaterThan(1_000_000);
      rmSync(host.path("back"), { recursive: true });

      // The same part with another byte.
      mkdirSync(join(path, ".."), { recursive: true });
      part[5]! ^= 1;
      writeFileSync(path, part);
      expect(await host.run(runtime, script, args)).toMatchObject({ exitCode: 0, stderr: "" });
      expect(readFileSync(host.path("back/application/big")).equals(readFileSync(join(job.app, "big")))).toBe(
        true,
      );
    }, 120_000);

    test("says why when the store cannot be reached, and keeps nothing half", async () => {
      await using host = await createSandbox();
      const ended = await host.run(runtime, script, [
        "restore",
        "latest",
        "--from",
        "ssh://root@127.0.0.1:1/x",
        "--to",
        host.path("back"),
      ]);
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toMatch(/Connection refused/);
      expect(existsSync(host.path("back"))).toBe(false);
    });
  });
});
