/** `restore list`, `show` and `verify` as processes, with a configuration and without one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";

const script = "scripts/restore.ts";

describe.each(runtimes)("restore on %s", (runtime) => {
  let sandbox: Sandbox;
  let job: TestJob;
  let set: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    mkdirSync(sandbox.path("nas"));
    job = await createJob(sandbox, { STORE_NAS_URL: sandbox.path("nas") });
    const ended = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config]);
    expect(ended).toMatchObject({ exitCode: 0 });
    set = job.sets()[0] ?? "no set";
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const run = (...args: string[]) => sandbox.run(runtime, script, args);

  test("lists every set once, with every place that has it", async () => {
    const { stdout, stderr, exitCode } = await run("list", "--config", job.config);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [head, line, ...others] = stdout.split("\n");
    expect(head).toMatch(/^SET +JOB +OUTCOME +SIZE +COMPONENTS +WHERE +VERIFIED$/);
    expect(line).toMatch(
      new RegExp(`^${basename(set)} +web1/app +complete +.* B +application +local, nas +20`),
    );
    expect(others).toEqual([""]);
  });

  test("lists a bare directory of sets, a directory of one host, and a single set", async () => {
    for (const from of [job.backups, join(job.backups, "web1"), join(job.backups, "web1/app"), set]) {
      const { stdout, exitCode } = await run("list", "--json", "--from", from);
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        schema: 1,
        sets: [
          { set: basename(set), host: "web1", job: "app", outcome: "complete", components: ["application"] },
        ],
        unknown: [],
      });
    }
  });

  test("shows what a set holds", async () => {
    const { stdout, exitCode } = await run("show", basename(set).slice(0, 13), "--config", job.config);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Set ${basename(set)} of web1/app: complete`);
    expect(stdout).toMatch(/^application +application\.tar\.zst +tar +/m);
  });

  test("records a verification, and shows it", async () => {
    const first = await run("verify", "latest", "--config", job.config);
    expect(first.exitCode).toBe(0);
    expect(first.stdout.match(/^Verified: /gm)).toHaveLength(2);
    const record = JSON.parse(readFileSync(sandbox.path("state/app/verified.json"), "utf8"));
    expect(record.verifications).toMatchObject([
      { place: "local", outcome: "complete" },
      { place: "nas", outcome: "complete" },
    ]);
  });

  test("says which copy is damaged, also to the next who lists", async () => {
    const stored = sandbox.path("nas/web1/app", basename(set), "application.tar.zst");
    const bytes = readFileSync(stored);
    appendFileSync(stored, "x");
    const { stdout, exitCode } = await run("verify", basename(set), "--config", job.config);
    const listed = await run("list", "--config", job.config);
    writeFileSync(stored, bytes);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^Verified: .* in local/m);
    expect(stdout).toMatch(
      /^DAMAGED: .* in nas .*\n {2}application\.tar\.zst: it reads back with another SHA-256/m,
    );
    expect(listed.stdout).toMatch(/DAMAGED in nas$/m);
    await run("verify", basename(set), "--config", job.config);
    expect((await run("list", "--config", job.config)).stdout).not.toContain("DAMAGED");
  });

  test("is partial when a store gives no answer, and says which", async () => {
    renameSync(sandbox.path("nas"), sandbox.path("away"));
    const listed = await run("list", "--config", job.config);
    const verified = await run("verify", "--all", "--config", job.config);
    const one = await run("verify", "latest", "--config", job.config);
    renameSync(sandbox.path("away"), sandbox.path("nas"));
    expect(one.exitCode).toBe(1);
    expect(one.stderr).toContain("/nas");
    expect(listed.exitCode).toBe(1);
    expect(listed.stdout).toMatch(/^Not reached: Cannot list the sets in .*\/nas: /m);
    expect(verified.exitCode).toBe(2);
    expect(verified.stdout).toMatch(/^NOT VERIFIED: .*\/nas/m);
  });

  test("names a set that a newer version made, and one whose manifest is damaged or missing", async () => {
    const other = sandbox.path("other");
    for (const [name, text] of [
      ["newer", readFileSync(join(set, "manifest.json"), "utf8").replace('"schema": 1', '"schema": 2')],
      ["damaged", "{"],
    ] as const) {
      cpSync(set, join(other, name), { recursive: true });
      writeFileSync(join(other, name, "manifest.json"), text);
    }
    cpSync(set, join(other, "bare"), { recursive: true });
    rmSync(join(other, "bare/manifest.json"));
    // A share is a link as often as not.
    symlinkSync(other, sandbox.path("link"));
    const { stdout } = await run("list", "--from", sandbox.path("link"));
    const alone = await run("restore", "latest", "--from", other);
    cpSync(set, join(other, "usable"), { recursive: true });
    const beside = await run("show", "latest", "--from", other);
    const drilled = await run("drill", "--from", other, "--config", job.config, "--dry-run");
    rmSync(other, { recursive: true });
    expect(stdout).toContain("No sets");
    expect(stdout).toMatch(/^Not usable: newer: its manifest has version 2, this program knows 1$/m);
    expect(stdout).toMatch(/^Not usable: damaged: its manifest is no JSON/m);
    expect(stdout.match(/^Not usable: .*/gm)).toHaveLength(3);
    expect(stdout).toMatch(/^Not usable: bare: its manifest\.json is missing$/m);
    expect(alone.exitCode).toBe(2);
    expect(alone.stderr).toMatch(/There is no set that can be used: (?:bare|damaged|newer) in /);
    // Whoever takes the one beside them is told what was passed over.
    expect(beside.exitCode).toBe(0);
    for (const { stderr } of [beside, drilled]) {
      expect(stderr).toMatch(/Passed over newer in .*: its manifest has version 2, this program knows 1/);
    }
  });

  test("warns that the latest set is one of a wrong clock: in place, it would put back something old", async () => {
    const ahead = sandbox.path("ahead");
    cpSync(set, join(ahead, "set"), { recursive: true });
    const text = readFileSync(join(set, "manifest.json"), "utf8");
    writeFileSync(
      join(ahead, "set/manifest.json"),
      text.replace(/"startedAt": "\d{4}/, '"startedAt": "2999'),
    );
    const { exitCode, stderr } = await run("show", "latest", "--from", ahead);
    rmSync(ahead, { recursive: true });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/2999\d{4}T\d{6}Z is dated in the future: others may be newer/);
  });

  test("says how archives of legacy scripts are listed where there is no set yet", async () => {
    const BACKUP_DIR = sandbox.path("empty");
    mkdirSync(BACKUP_DIR);
    const empty = await createJob(sandbox, { BACKUP_DIR }, "empty");
    const { stdout } = await run("list", "--config", empty.config);
    expect(stdout).toBe("No sets; archives of legacy scripts are listed with --from DIR\n");
  });

  test("names the jobs whose sets are there where there is none of this one", async () => {
    const { stdout } = await run("list", "--config", job.config, "--job", "none");
    expect(stdout).toBe("No sets of this job, but of web1/app: choose with --host and --job\n");
  });

  test.each([
    [["lst"], "Did you mean list?", 64],
    [[], "COMMAND is missing", 64],
    [["verify", "20260101"], "The newest are: ", 2],
    [["verify", "--sample", "many"], "Give a percentage", 64],
    [["verify", "latest", "--all"], "Give one of SET, --all and --sample", 64],
    [["verify", "latest", "--component", "application"], '"--component" means nothing to verify', 64],
    [["drill", "--in-place"], '"--in-place" means nothing to drill', 64],
    [["list", "--from", "/nonexistent"], "/nonexistent", 2],
    [["list", "--form", "/x"], "did you mean --from?", 64],
  ])("refuses %j", async (args, words, exitCode) => {
    const more = args.includes("--from") ? [] : ["--config", job.config];
    const ended = await run(...args, ...more);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(words);
  });
});
