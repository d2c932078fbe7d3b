/** `restore` without a word: somebody at a terminal is asked, step by step, and sees the plan before anything is done. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { createJob, type TestJob } from "#test/support/job.ts";
import {
  createSandbox,
  projectDirectory,
  runtimeProgram,
  runtimes,
  type Sandbox,
  treeOf,
} from "#test/support/sandbox.ts";
import { converse } from "#test/support/terminal.ts";

describe.each(runtimes)("restore on a terminal on %s", (runtime) => {
  let sandbox: Sandbox;
  let job: TestJob;
  let sets: readonly string[];

  beforeAll(async () => {
    sandbox = await createSandbox();
    job = await createJob(sandbox);
    for (const second of [1, 2]) {
      expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config])).toMatchObject({
        exitCode: 0,
      });
      // Two sets of one second would differ by a suffix only.
      if (second === 1) renameSync(job.sets()[0] ?? "", join(job.backups, "web1/app/earlier"));
    }
    const other = await createJob(sandbox, { HOST_NAME: "web2", BACKUP_DIR: job.backups });
    expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", other.config])).toMatchObject({
      exitCode: 0,
    });
    sets = job.sets();
    expect(sets).toHaveLength(3);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const command = () => [
    runtimeProgram(runtime),
    ...(runtime === "deno" ? ["run", "-A"] : []),
    join(projectDirectory, "scripts/restore.ts"),
    "--from",
    job.backups,
  ];
  const talk = (...answers: readonly (readonly [string, string])[]) =>
    converse(command(), answers, { cwd: sandbox.directory, env: sandbox.environment });

  test("asks for host, time, component, path and directory, shows the plan, and restores", async () => {
    const to = sandbox.path(`back-${runtime}`);
    const { screen, status } = await talk(
      ["Whose sets?", ""],
      ["or empty to leave: ", "9\r"],
      ['"9" is none of them', ""],
      ["or empty to leave: ", "2\r"],
      ["Of which time?", ""],
      ["or empty to leave: ", "1\r"],
      ["What of it?", ""],
      ["or empty to leave: ", "2\r"],
      ["Which path in it", "storage\r"],
      ["Into which directory", `${sandbox.path("srv")}/app/index.php\r`],
      ['/srv/app/index.php": it is a regular file', ""],
      ["Into which directory", `${to}\r`],
      ["The same without questions: ", ""],
      ["Restore? (y/N) ", "y\r"],
    );
    expect(status).toBe(0);
    expect(screen).toContain("Nothing that exists is overwritten, nothing is stopped");
    expect(screen).toMatch(
      /\/scripts\/restore\.ts restore (?:\d{8}T\d{6}Z|[0-9a-f]{8}) storage --from \S+ --component application --to \S+ --host web1 --job app/,
    );
    expect(await treeOf(to)).toContain("application/storage/uploads/one.txt");
    expect(existsSync(join(to, "application/index.php"))).toBe(false);
    expect(readFileSync(join(to, "application/storage/uploads/one.txt"), "utf8")).toStartWith("one\n");
    expect(basename(to)).toBe(`back-${runtime}`);
  }, 60_000);

  test("offers to replace what is in use where it is that of the configuration", async () => {
    const words = [...command().slice(0, -2), "--config", job.config];
    const { screen } = await converse(
      words,
      [
        ["Whose sets?", ""],
        // That of the last configuration has one set.
        ["or empty to leave: ", "1\r"],
        ["What of it?", ""],
        ["or empty to leave: ", "2\r"],
        ["Which path in it", "\r"],
        ["Into which directory", "\r"],
        ["Restore? (y/N) ", "n\r"],
      ],
      { cwd: sandbox.directory, env: sandbox.environment },
    );
    const offer = /In the place of what is in use: (.*)\r?\n/.exec(screen)?.[1]?.trim() ?? "";
    expect(offer).toEndWith(` --config ${job.config} --component application --in-place`);
    const [program = "", ...args] = offer.split(" ");
    const env = { ...sandbox.environment };
    const dry = Bun.spawnSync([program, ...args, "--dry-run"], { env, timeout: 30_000 });
    expect(dry.stdout.toString()).toContain(`Would restore ${job.app}`);
  }, 60_000);

  test("touches nothing when the answer is no, or nothing", async () => {
    const left = await talk(["or empty to leave: ", "\r"]);
    expect(left.status).toBe(0);
    expect(left.screen).toContain("Nothing was chosen, nothing was touched");
    const to = sandbox.path("never");
    const refused = await talk(
      ["or empty to leave: ", "1\r"],
      ["What of it?", ""],
      ["or empty to leave: ", "1\r"],
      ["Into which directory", `${to}\r`],
      ["Restore? (y/N) ", "n\r"],
    );
    expect(refused.screen).toContain("Nothing was chosen, nothing was touched");
    expect(existsSync(to)).toBe(false);
  }, 60_000);
});
