/** Sources and destinations that are not what they should be: refused before an archive is begun. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";

const script = "scripts/backup-run.ts";

/** Run the job, which must be refused with 2 and leave neither a set nor a lock; gives what it said. */
async function refusalOf(sandbox: Sandbox, runtime: Runtime, job: TestJob): Promise<string> {
  const begun = sandbox.path("begun");
  await sandbox.fake(
    "zstd",
    `#!/bin/sh\ncase "$*" in *--version*) ;; *) touch ${begun};; esac\nexec /usr/bin/zstd "$@"\n`,
  );
  const ended = await sandbox.run(runtime, script, ["--config", job.config]);
  expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ended.stderr).toContain("Hint: ");
  expect(existsSync(begun)).toBe(false);
  return ended.stderr;
}

describe.each(runtimes)("A source on %s", (runtime) => {
  test.each([
    ["is missing", (app: string) => rmSync(app, { recursive: true }), "No such file or directory"],
    [
      "is a file",
      (app: string) => {
        rmSync(app, { recursive: true });
        writeFileSync(app, "");
      },
      "it is a regular empty file, a directory is required",
    ],
  ])("that %s: 2, before so much as a lock is taken", async (_what, spoil, words) => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    spoil(job.app);
    const before = describeTree(job.backups);
    expect(await refusalOf(sandbox, runtime, job)).toContain(words);
    expect(compareTrees(before, describeTree(job.backups))).toEqual([]);
    expect(existsSync(job.lockFile)).toBe(false);
  });

  test.each([
    ["is empty", {}, (app: string) => emptyDirectory(app), "it is empty"],
    [
      "lacks what APP_REQUIRED names",
      { APP_REQUIRED: "index.php\nstorage/uploads/two.txt" },
      () => undefined,
      'Cannot find "storage/uploads/two.txt"',
    ],
    ["is no mount point", { mount: "srv/app" }, () => undefined, "a mount point is required"],
    [
      "has not the marker of its mount",
      { mount: "srv/app=.mounted" },
      () => undefined,
      "Cannot find the marker",
    ],
  ])(
    "that %s: 2, before an archive is begun",
    async (_what, { mount, ...settings }: Record<string, string>, spoil, words) => {
      await using sandbox = await createSandbox();
      const mounts = mount === undefined ? {} : { REQUIRE_MOUNT: sandbox.path(mount) };
      const job = await createJob(sandbox, { ...settings, ...mounts });
      spoil(job.app);
      expect(await refusalOf(sandbox, runtime, job)).toContain(words);
      expect(readdirSync(job.backups)).toEqual([]);
    },
  );

  test("that is suspiciously small: 2, and nothing is kept of it", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { APP_MIN_MB: "5" });
    const ended = await sandbox.run(runtime, script, ["--config", job.config]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/Cannot trust the application: [\d.]+ KiB read, 5.0 MiB required/);
    expect(ended.stderr).toContain("APP_MIN_MB");
    expect(readdirSync(job.backups)).toEqual([]);
  });
});

describe.each(runtimes)("A destination on %s", (runtime) => {
  test.each([
    ["is missing", () => undefined, "No such file or directory"],
    ["is a file", (path: string) => writeFileSync(path, "sets"), "it is a regular file"],
    [
      "lies inside the source by a symlink",
      (path: string, app: string) => symlinkSync(app, path),
      "it lies inside the source",
    ],
  ])("that %s: 2", async (_what, make, words) => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox, { BACKUP_DIR: sandbox.path("disk") });
    make(sandbox.path("disk"), job.app);
    const before = describeTree(job.app);
    expect(await refusalOf(sandbox, runtime, job)).toContain(words);
    expect(compareTrees(before, describeTree(job.app))).toEqual([]);
  });
});

function emptyDirectory(path: string): void {
  rmSync(path, { recursive: true });
  mkdirSync(path);
}
