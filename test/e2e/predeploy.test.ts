/** `predeploy-backup` where there is no systemd, or what it is given is wrong: it says so, starts nothing, ends rightly. */
import { describe, expect, test } from "bun:test";
import { createSandbox, exists, runtimes, type Sandbox } from "#test/support/sandbox.ts";

const script = "scripts/predeploy-backup.ts";

async function prepare(sandbox: Sandbox, stages = "stages: [{ title: All, units: [backup-a] }]\n") {
  const file = await sandbox.write("etc/stages.yaml", stages);
  const config = await sandbox.write(
    "etc/predeploy.env",
    [
      `PREDEPLOY_STAGES=${file}`,
      `STATE_DIR=${sandbox.path("state")}`,
      `LOG_FILE=${sandbox.path("log")}`,
      `LOCK_FILE=${sandbox.path("lock")}`,
      "HOST_NAME=web1\n",
    ].join("\n"),
    0o600,
  );
  return { config, file };
}

describe.each(runtimes)("predeploy-backup on %s", (runtime) => {
  const withSandbox = async (body: (sandbox: Sandbox) => Promise<void>) => {
    await using sandbox = await createSandbox();
    await body(sandbox);
  };

  test("names line and key of every mistake in a stage file", () =>
    withSandbox(async (sandbox) => {
      const { config, file } = await prepare(
        sandbox,
        "stages:\n  - title: All\n    unit: [a]\n    limit: none\n",
      );
      const { exitCode, stderr } = await sandbox.run(runtime, script, ["--config", config]);
      expect(exitCode).toBe(78);
      expect(stderr).toContain(`${file}:3 stages[1].unit: is no key of this place: did you mean units?`);
      expect(stderr).toContain(`${file}:4 stages[1].limit: expected a whole number`);
    }));

  test("says what is wrong with a command line, and that a named configuration is not there", () =>
    withSandbox(async (sandbox) => {
      const { config } = await prepare(sandbox);
      const run = (...args: readonly string[]) => sandbox.run(runtime, script, args);
      expect((await run("--hosts", "nas1")).stderr).toContain("did you mean --host?");
      expect((await run("--config", config, "--host", "nas1", "--user")).exitCode).toBe(64);
      expect((await run("--config", sandbox.path("etc", "nowhere.env"))).exitCode).toBe(78);
    }));

  test("cannot reach a host, and says what ssh said", () =>
    withSandbox(async (sandbox) => {
      await sandbox.fake("ssh", "#!/bin/sh\necho 'nas1: Permission denied (publickey).' >&2\nexit 255\n");
      const { config } = await prepare(sandbox);
      const { exitCode, stdout, stderr } = await sandbox.run(runtime, script, [
        "--config",
        config,
        "--host",
        "nas1",
        "--json",
      ]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("nas1: Cannot reach systemd: nas1: Permission denied (publickey).");
      expect(JSON.parse(stdout)).toMatchObject({ deploy: "no", exit_code: 2, total_services: 0 });
    }));

  test("finds no manager of the user, and says so", () =>
    withSandbox(async (sandbox) => {
      const { config } = await prepare(sandbox);
      const env = { XDG_RUNTIME_DIR: sandbox.path("run") };
      const { exitCode, stderr } = await sandbox.run(runtime, script, ["--config", config, "--user"], {
        env,
      });
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`Cannot reach systemd: ${sandbox.path("run", "bus")}: `);
      expect(stderr).toContain("Hint: A user's manager needs a session, or loginctl enable-linger");
    }));

  test("takes a file of a backup for no predeploy job, and a backup no file of a predeploy job", () =>
    withSandbox(async (sandbox) => {
      const { config } = await prepare(sandbox);
      const { exitCode, stderr } = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", config]);
      expect(exitCode).toBe(78);
      expect(stderr).toContain("BACKUP_DIR is not set: it is required");
      expect(await exists(sandbox.path("state"))).toBe(false);
      const checked = await sandbox.run(runtime, script, ["--config", config, "--check-config"]);
      expect(checked.exitCode).toBe(0);
    }));
});
