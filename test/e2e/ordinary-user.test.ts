/** Backups without root: everything that a run keeps lies in the user's own directories. */
import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { createSandbox, runtimes, type Sandbox, treeOf } from "#test/support/sandbox.ts";

const script = "scripts/backup-run.ts";
const uid = 65_534;

/** Directories of the user below the sandbox, with a small application and a configuration of a job of its own. */
async function createUser(sandbox: Sandbox, configHome: string, settings = "") {
  // No file of the machine has this name.
  const name = `shop-${randomUUID()}`;
  await sandbox.write("home/app/index.php", "<?php echo 1;\n");
  mkdirSync(sandbox.path("home/backups"));
  const text = `APP_DIR=${sandbox.path("home/app")}\nBACKUP_DIR=${sandbox.path("home/backups")}\nAPP_MIN_MB=0\nMIN_FREE_GB=0\nHOST_NAME=web1\n`;
  await sandbox.write(join(configHome, "lastgood", `${name}.env`), text + settings, 0o600);
  return name;
}

async function giveAway(sandbox: Sandbox): Promise<void> {
  for (const path of ["", ...(await treeOf(sandbox.home))]) chownSync(join(sandbox.home, path), uid, uid);
}

/** Files below a directory, each part of their paths that no test can know replaced by what it is. */
async function filesIn(directory: string, job: string): Promise<string[]> {
  const files = (await treeOf(directory)).filter((path) => !path.endsWith("/"));
  return files.map((path) => path.replaceAll(job, "JOB").replace(/\d{8}T\d{6}Z/, "STAMP")).sort();
}

describe.skipIf(!isRoot).each(runtimes)("A run of an ordinary user on %s", (runtime) => {
  test("finds its configuration by the job's name and keeps everything in the XDG directories", async () => {
    await using sandbox = await createSandbox();
    const job = await createUser(sandbox, "home/xdg/config");
    for (const name of ["state", "runtime"]) mkdirSync(sandbox.path("home/xdg", name), { mode: 0o700 });
    await giveAway(sandbox);
    const env = {
      XDG_CONFIG_HOME: sandbox.path("home/xdg/config"),
      XDG_STATE_HOME: sandbox.path("home/xdg/state"),
      XDG_RUNTIME_DIR: sandbox.path("home/xdg/runtime"),
    };
    const ended = await sandbox.run(runtime, script, ["-c", job, "--json"], { uid, env });
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ job, notes: [] });
    expect(await filesIn(sandbox.path("home/xdg/state"), job)).toEqual([
      "lastgood/JOB/history.jsonl",
      "lastgood/JOB/status.json",
      "lastgood/backup-run.log",
    ]);
    expect(await filesIn(sandbox.path("home/xdg/runtime"), job)).toEqual(["lastgood-JOB.lock"]);
    expect(await filesIn(sandbox.path("home/backups"), job)).toEqual(
      ["SHA256SUMS", "application.tar.zst", "manifest.json"].map((file) => `web1/JOB/STAMP/${file}`),
    );
  });

  test.each([
    ["", ["JOB.lock", "JOB/history.jsonl", "JOB/status.json", "backup-run.log"]],
    ["LOG_FILE=backup.log\n", ["JOB.lock", "JOB/history.jsonl", "JOB/status.json"]],
  ])(
    "needs no directory made for it under cron, which sets no XDG variable (%j)",
    async (settings, state) => {
      await using sandbox = await createSandbox();
      const job = await createUser(sandbox, "home/.config", settings);
      await giveAway(sandbox);
      const dry = await sandbox.run(runtime, script, ["-c", job, "--dry-run"], { uid });
      expect(dry).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await treeOf(sandbox.home)).not.toContain(".local/");
      const ended = await sandbox.run(runtime, script, ["-c", job], { uid });
      expect(ended).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
      expect(await filesIn(sandbox.path("home/.local/state/lastgood"), job)).toEqual(state);
    },
  );

  test("backs up onto a disk of its own, whose lost+found it may not read, and says nothing of what others keep there", async () => {
    await using sandbox = await createSandbox();
    const job = await createUser(sandbox, "home/.config");
    mkdirSync(sandbox.path("home/backups/photos/2026/summer"), { recursive: true });
    await giveAway(sandbox);
    mkdirSync(sandbox.path("home/backups/lost+found"), { mode: 0o700 });
    const ended = await sandbox.run(runtime, script, ["-c", job, "--json"], { uid });
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "complete", notes: [] });
  });

  test("is told of a destination that it may write and not list, which is no bug", async () => {
    await using sandbox = await createSandbox();
    const job = await createUser(sandbox, "home/.config");
    await giveAway(sandbox);
    chmodSync(sandbox.path("home/backups"), 0o300);
    const ended = await sandbox.run(runtime, script, ["-c", job], { uid });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(
      `No copy in "${sandbox.path("home/backups")}": EACCES: permission denied, open`,
    );
  });
});
