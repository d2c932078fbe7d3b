/** `restore restore SET --in-place`: what it replaces, what it keeps, and when it touches nothing. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isSystemAdmin } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { replaceComponent } from "#test/support/replace-component.ts";
import {
  createSandbox,
  projectDirectory,
  runtimeProgram,
  runtimes,
  type Sandbox,
} from "#test/support/sandbox.ts";

import { archive, entry } from "#test/support/tar-builder.ts";
import { converse } from "#test/support/terminal.ts";

const script = "scripts/restore.ts";

describe.each(runtimes)("restore --in-place on %s", (runtime) => {
  let sandbox: Sandbox;
  let job: TestJob;

  beforeEach(async () => {
    sandbox = await createSandbox();
    job = await createJob(sandbox);
    expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config])).toMatchObject({
      exitCode: 0,
    });
    writeFileSync(join(job.app, "index.php"), "broken\n");
  });
  afterEach(() => sandbox[Symbol.asyncDispose]());

  const run = (...more: string[]) =>
    sandbox.run(runtime, script, ["restore", "latest", "--in-place", "-c", job.config, ...more]);
  const isBroken = () => readFileSync(join(job.app, "index.php"), "utf8") === "broken\n";
  const beside = () => readdirSync(sandbox.path("srv")).filter((name) => name !== "app");

  test("replaces the application, keeps what was there, and says how to go back", async () => {
    const before = describeTree(job.app);
    const ended = await run("--yes", "--json");
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(isBroken()).toBe(false);
    const [kept = "nothing", ...others] = beside();
    expect(others).toEqual([]);
    expect(compareTrees(before, describeTree(sandbox.path("srv", kept)))).toEqual([]);
    const report = JSON.parse(ended.stdout);
    expect(report).toMatchObject({ outcome: "complete", script: "restore" });
    const [, back = "false"] = /^To go back: (.*)$/.exec(report.notes.at(-1)) ?? [];
    execFileSync("sh", ["-c", back]);
    expect(isBroken()).toBe(true);
  });

  test("restores what is gone, and follows a link to where the application lies", async () => {
    rmSync(job.app, { recursive: true });
    expect(await run("--yes")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(beside()).toEqual([]);
    renameSync(job.app, sandbox.path("srv/release-1"));
    symlinkSync("release-1", job.app);
    writeFileSync(join(job.app, "index.php"), "broken\n");
    expect(await run("--yes")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(isBroken()).toBe(false);
    expect(execFileSync("readlink", [job.app]).toString()).toBe("release-1\n");
  });

  test("finds behind a link what is backed up, and what a drill compares with", async () => {
    const release = `${job.app}-1`;
    renameSync(job.app, release);
    symlinkSync(release, job.app);
    const backup = await sandbox.run(runtime, "scripts/backup-run.ts", ["-c", job.config]);
    expect(backup).toMatchObject({ exitCode: 0, stderr: "" });
    const drill = ["drill", "-c", job.config, "--to", sandbox.directory, "--json"];
    const { stdout } = await sandbox.run(runtime, "scripts/restore.ts", drill);
    expect(stdout).toMatch(/, ([1-9]\d*) of \1 unchanged files compared with /);
  });

  test("says how to go back for a name that a shell would read otherwise, also a second time", async () => {
    const app = sandbox.path("srv/it's app");
    renameSync(job.app, app);
    const config = join(sandbox.path("etc"), "odd.env");
    const text = readFileSync(job.config, "utf8").replaceAll(/^APP_DIR=.*$/gm, "");
    writeFileSync(config, `${text}\nAPP_DIR="${app}"\n`);
    const args = ["restore", "latest", "--in-place", "--yes", "--json", "-c", config];
    for (const _time of ["once", "twice"]) {
      const ended = await sandbox.run(runtime, script, args);
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      const [, back = "false"] = /^To go back: (.*)$/.exec(JSON.parse(ended.stdout).notes.at(-1)) ?? [];
      execFileSync("sh", ["-c", back]);
      expect(readFileSync(join(app, "index.php"), "utf8")).toBe("broken\n");
      rmSync(`${app}.restored`, { recursive: true });
    }
  });

  test("says what is missing where not even the directory above is there", async () => {
    rmSync(sandbox.path("srv"), { recursive: true });
    const ended = await run("--yes");
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("Create it, or mount what holds it");
    expect(existsSync(sandbox.path("srv"))).toBe(false);
  });

  test("is no sign of a backup: the time of the last complete one stays", async () => {
    const status = () => JSON.parse(readFileSync(sandbox.path("state/app/status.json"), "utf8"));
    const before = status();
    await run("--yes");
    expect(status().lastCompleteAt).toBe(before.lastCompleteAt);
  });

  test("goes on when somebody types what will happen, and only then", async () => {
    const command = [
      runtimeProgram(runtime),
      ...(runtime === "deno" ? ["run", "-A"] : []),
      join(projectDirectory, script),
      ...["restore", "latest", "--in-place", "-c", job.config],
    ];
    const where = { cwd: sandbox.directory, env: sandbox.environment };
    const left = await converse(command, [['Type "RESTORE app" to go on', "yes\r"]], where);
    expect(left.screen).toContain(`What is there now is kept as ${job.app}.before-`);
    expect([isBroken(), beside()]).toEqual([true, []]);
    const done = await converse(command, [['Type "RESTORE app" to go on', "RESTORE app\r"]], where);
    expect([done.status, isBroken()]).toEqual([0, false]);
  });

  test("says in a dry run what it would do, and does nothing", async () => {
    const ended = await run("--dry-run");
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toContain(`What is there now is kept as ${job.app}.before-`);
    expect([isBroken(), beside()]).toEqual([true, []]);
  });

  test.each([
    ["without a word from anybody", [], 64, 'Nobody is there to type "RESTORE app"'],
    [
      "of a database that the set lacks",
      ["--yes", "--component", "database-shop"],
      2,
      'The set has no component "database-shop"',
    ],
    ["with a directory", ["--yes", "--to", "elsewhere"], 64, "--to names another place than --in-place"],
    ["with a name", ["--yes", "--database", "other"], 64, "--database names another place"],
    ["of single paths", ["--yes", "index.php"], 64, "one SET is restored as a whole"],
  ])("touches nothing %s", async (_name, flags, exitCode, words) => {
    const ended = await run(...flags);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stderr).toContain(words);
    expect([isBroken(), beside()]).toEqual([true, []]);
  });

  test("touches nothing when the set is damaged", async () => {
    const archive = join(job.sets()[0] ?? "", "application.tar.zst");
    const bytes = readFileSync(archive);
    bytes[40]! ^= 1;
    writeFileSync(archive, bytes);
    const ended = await run("--yes");
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("another SHA-256");
    expect([isBroken(), beside()]).toEqual([true, []]);
  });

  test.each([
    ["has a member that may not be written", {}, '"../x" was left out'],
    ["has fewer members than were written", { entries: 9 }, "it has 2 members, 9 were written"],
  ])("touches nothing when the set %s", async (_name, facts, words) => {
    const evil = () => archive(entry("index.php"), entry("../x"));
    replaceComponent(job.sets()[0] ?? "", "application", evil, facts);
    const ended = await run("--yes");
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(words);
    expect([isBroken(), beside()]).toEqual([true, []]);
  });

  test("touches nothing while a backup runs, and says who holds the lock", async () => {
    const holder = spawn("flock", [job.lockFile, "sh", "-c", `echo held; exec sleep 60`], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const ended = await run("--yes").finally(() => process.kill(-holder.pid!));
    expect(ended.exitCode).toBe(75);
    expect([isBroken(), beside()]).toEqual([true, []]);
  });

  test("rolls back when the second rename fails", async () => {
    await sandbox.fake(
      "mv",
      `#!/bin/sh\ncase "$*" in *.restoring-*) echo "mv: Input/output error" >&2; exit 1;; *) exec /bin/mv "$@";; esac\n`,
    );
    const ended = await run("--yes");
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("Input/output error");
    expect([isBroken(), beside()]).toEqual([true, []]);
  });

  test.skipIf(!isSystemAdmin)("touches nothing where something is mounted", async () => {
    mkdirSync(join(job.app, "uploads"));
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(job.app, "uploads")]);
    try {
      const ended = await run("--yes");
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toContain(`something is mounted at ${join(job.app, "uploads")}`);
      expect([isBroken(), beside()]).toEqual([true, []]);
    } finally {
      execFileSync("umount", [join(job.app, "uploads")]);
    }
  });

  test("touches nothing where there is no room", async () => {
    await sandbox.fake(
      "stat",
      `#!/bin/sh\ncase "$*" in *--file-system*) echo "1 100 512";; *) exec /usr/bin/stat "$@";; esac\n`,
    );
    const ended = await run("--yes");
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("required beside what is there");
    expect([isBroken(), existsSync(job.journal)]).toEqual([true, false]);
  });
});
