/** What is backed up by hand: by names, and from the list on a terminal. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import {
  createSandbox,
  projectDirectory,
  runtimeProgram,
  runtimes,
  type Sandbox,
} from "#test/support/sandbox.ts";
import { converse } from "#test/support/terminal.ts";

const script = "scripts/manual-backup.ts";

function createNotes(sandbox: Sandbox): string {
  const path = sandbox.path("notes.db");
  execFileSync("sqlite3", [path, "create table note (text); insert into note values ('one')"]);
  return path;
}

async function createTwoSources(
  sandbox: Sandbox,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestJob> {
  return createJob(sandbox, { DATABASES: `sqlite://${createNotes(sandbox)}`, DB_MIN_KB: "0", ...settings });
}

function componentsOf(job: TestJob, set: string): ReadonlySet<string> {
  const { components } = job.manifest(set) as { components: { name: string }[] };
  return new Set(components.map(({ name }) => name));
}

describe.each(runtimes)("manual-backup on %s", (runtime) => {
  test("backs up what it is told, and nothing takes that for a backup of all", async () => {
    await using sandbox = await createSandbox();
    const server = await startHttpServer(answer(200));
    const job = await createTwoSources(sandbox, {
      WEBHOOK_URL: server.url,
      NOTIFY_ON: "always",
      KEEP_LAST: "1",
    });
    const config = ["--config", job.config];
    expect((await sandbox.run(runtime, "scripts/backup-run.ts", config)).exitCode).toBe(0);
    const status = () => JSON.parse(readFileSync(sandbox.path("state/app/status.json"), "utf8"));
    const { lastCompleteAt } = status();
    const told = server.requests.length;
    const ended = await sandbox.run(runtime, script, [...config, "--source", "application", "--yes"]);
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(job.sets()).toHaveLength(2);
    expect(componentsOf(job, job.sets().at(-1) ?? "")).toEqual(new Set(["application"]));
    expect(job.manifest(job.sets().at(-1) ?? "")["selection"]).toEqual(["application"]);
    expect(status().lastCompleteAt).toBe(lastCompleteAt);
    expect(server.requests).toHaveLength(told);
    await server.close();
  });

  test("takes --all for what it is: a backup of all", async () => {
    await using sandbox = await createSandbox();
    const job = await createTwoSources(sandbox);
    expect((await sandbox.run(runtime, script, ["--config", job.config, "--all", "--yes"])).exitCode).toBe(0);
    expect(componentsOf(job, job.sets()[0] ?? "")).toEqual(new Set(["application", "database-notes"]));
    expect(job.manifest(job.sets()[0] ?? "")["selection"]).toBeUndefined();
  });

  test.each([
    [
      ["--source", "aplication", "--yes"],
      'There is no source "aplication" in this job',
      'Did you mean "application"?',
    ],
    [["--stack", "plex", "--yes"], 'There is no source "stack-plex" in this job', "It has"],
    [["--source", "application"], "Cannot ask what to back up: this is no terminal", "--yes"],
    [["--yes"], "Cannot ask what to back up: this is no terminal", "--all --yes"],
    [
      ["--stack", "a", "--source", "b", "--yes"],
      "Cannot take --stack and --source together",
      "--source takes",
    ],
    [["application", "--yes"], 'Unexpected argument "application"', "--source NAME"],
  ])("refuses %j before anything is touched", async (args, message, hint) => {
    await using sandbox = await createSandbox();
    const job = await createTwoSources(sandbox);
    const ended = await sandbox.run(runtime, script, ["--config", job.config, ...args]);
    expect(ended.exitCode).toBe(64);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).toContain(hint);
    expect(job.sets()).toEqual([]);
    expect(existsSync(job.lockFile)).toBe(false);
  });

  const which = "q to leave) ";
  const sure = "(y/N) ";
  const talk = (sandbox: Sandbox, job: TestJob, ...answers: [question: string, answer: string][]) => {
    const program = [runtimeProgram(runtime), ...(runtime === "deno" ? ["run", "-A"] : [])];
    return converse([...program, script, "--config", job.config], answers, {
      cwd: projectDirectory,
      env: sandbox.environment,
    });
  };

  test("lists what there is with its size and age, takes numbers, asks once more, and says what it made", async () => {
    await using sandbox = await createSandbox();
    const job = await createTwoSources(sandbox);
    const { screen, status } = await talk(sandbox, job, [which, "7\n"], [which, "2\n"], [sure, "y\n"]);
    expect(screen).toMatch(/1\) {2}database-notes +\S+ +never/);
    expect(screen).toMatch(/2\) {2}application +[\d.]+ KiB +never/);
    expect(screen).toContain('"7" is not in the list: it has 1 to 2');
    expect(screen).toContain("1 of this job's sources: application");
    expect(screen).toContain("Proceed with the backup? (y/N)");
    expect(screen).toContain("✓ source application");
    expect(status).toBe(0);
    expect(componentsOf(job, job.sets()[0] ?? "")).toEqual(new Set(["application"]));
  });

  test("takes what is marked in a list that is walked with the arrow keys", async () => {
    await using sandbox = await createSandbox();
    const job = await createTwoSources(sandbox);
    const down = "\x1b[B";
    const { status } = await talk(sandbox, job, [which, "\n"], ["to navigate", `${down} \r`], [sure, "y\n"]);
    expect(status).toBe(0);
    expect(componentsOf(job, job.sets()[0] ?? "")).toEqual(new Set(["application"]));
  });

  test.each([
    [
      [
        [which, "1\n"],
        [sure, "\n"],
      ],
    ],
    [
      [
        [which, "1\n"],
        [sure, "n\n"],
      ],
    ],
    [[[which, "q\n"]]],
  ] as [string, string][][][])("touches nothing after %j", async (answers) => {
    await using sandbox = await createSandbox();
    const job = await createTwoSources(sandbox);
    const { screen, status } = await talk(sandbox, job, ...answers);
    expect(screen).toContain("Nothing was chosen, nothing was touched");
    expect(status).toBe(0);
    expect(job.sets()).toEqual([]);
    expect(existsSync(job.lockFile)).toBe(false);
  });

  test("touches nothing after Ctrl-C", async () => {
    await using sandbox = await createSandbox();
    const job = await createTwoSources(sandbox);
    expect((await talk(sandbox, job, [which, "\x03"])).status).toBe(130);
    expect(job.sets()).toEqual([]);
  });
});
