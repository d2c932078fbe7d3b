/** `restore restore` into a directory, as a process: what comes back, and what each bad input gets. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox, runtimes, type Sandbox, treeOf } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";

describe.each(runtimes)("restore on %s", (runtime) => {
  let sandbox: Sandbox;
  let job: TestJob;
  let set: string;

  beforeAll(async () => {
    sandbox = await createSandbox();
    job = await createJob(sandbox);
    await createNastyTree(sandbox.path("srv/app/nasty"), { smallFiles: 200, sparseMb: 16 });
    const ended = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config]);
    expect(ended).toMatchObject({ exitCode: 0 });
    set = job.sets()[0] ?? "no set";
  }, 60_000);
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const run = (...args: string[]) => sandbox.run(runtime, script, ["restore", ...args]);
  const damaged = (name: string, damage: (copy: string) => void) => {
    const copy = sandbox.path("damaged", name);
    cpSync(set, copy, { recursive: true });
    damage(copy);
    return copy;
  };

  test.skipIf(!isRoot)("brings back a tree that has everything, and needs no configuration", async () => {
    const ended = await run("latest", "--from", job.backups, "--to", sandbox.path("back"), "--trust");
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^application: .*\/back\/application: (\d+) of \1 members in /);
    const ignore = (_: string, { type }: { readonly type: string }) => type === "socket";
    expect(
      compareTrees(describeTree(job.app), describeTree(sandbox.path("back/application")), { ignore }),
    ).toEqual([]);
    expect(readdirSync(sandbox.path("back"))).toEqual(["application"]);
  });

  test("restores into a directory of the set's name when none is given", async () => {
    await using other = await createSandbox();
    const ended = await sandbox.run(runtime, script, ["restore", "latest-good", "--config", job.config], {
      cwd: other.directory,
    });
    expect([0, 1]).toContain(ended.exitCode ?? -1);
    expect(existsSync(other.path(`restored-web1-app-${basename(set)}/application/index.php`))).toBe(true);
  });

  test("takes single files and directories out of a set, with the directories that lead there", async () => {
    const to = sandbox.path("single");
    const ended = await run("latest", "storage/uploads", "./index.php", "--config", job.config, "--to", to);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await treeOf(to)).toEqual([
      "application/",
      "application/index.php",
      "application/storage/",
      "application/storage/uploads/",
      "application/storage/uploads/one.txt",
    ]);
    expect(readFileSync(join(to, "application/index.php"), "utf8")).toBe("<?php echo 1;\n");
  });

  test("says which of several paths the set does not have", async () => {
    const ended = await run(
      "latest",
      "index.php",
      "nowhere",
      "--config",
      job.config,
      "--to",
      sandbox.path("half"),
    );
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/^NOT FOUND: nowhere$/m);
    const none = await run("latest", "nowhere", "--config", job.config, "--to", sandbox.path("none"));
    expect(none.exitCode).toBe(2);
    expect(none.stdout).toMatch(
      /^FAILED: application: Cannot find "nowhere" in application\n {2}Hint: Paths are relative to /m,
    );
    expect(existsSync(sandbox.path("none"))).toBe(false);
  });

  test("says in a dry run what it would write, and writes nothing", async () => {
    const ended = await run("latest", "--config", job.config, "--to", sandbox.path("dry"), "--dry-run");
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toContain(`${sandbox.path("dry/application")}: application, `);
    expect(ended.stdout).toMatch(
      new RegExp(
        `^${sandbox.path("dry")} is made: [\\d.]+ \\S?i?B are needed, [\\d.]+ \\S?i?B are free$`,
        "m",
      ),
    );
    expect(existsSync(sandbox.path("dry"))).toBe(false);
    const beside = await run("latest", "--config", job.config, "--to", sandbox.path("srv"), "--dry-run");
    expect(beside.stdout).toContain(`${sandbox.path("srv")} is there, and what is in it stays: `);
  });

  test("names what a restore that was killed has left in the directory", async () => {
    const left = sandbox.path("left/.restoring-0badcafe-application");
    mkdirSync(left, { recursive: true });
    const ended = await run("latest", "index.php", "--config", job.config, "--to", sandbox.path("left"));
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain(`restore.unfinished: "${left}" is of a restore that was killed: `);
  });

  test("overwrites nothing", async () => {
    await sandbox.write("full/application/mine", "as it was\n");
    const ended = await run("latest", "--config", job.config, "--to", sandbox.path("full"));
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain('"application" is there already');
    expect(await treeOf(sandbox.path("full"))).toEqual(["application/", "application/mine"]);
  });

  test.each([
    ["one flipped bit", (copy: string) => flip(join(copy, "application.tar.zst")), "another SHA-256"],
    [
      "a truncated archive",
      (copy: string) => truncateSync(join(copy, "application.tar.zst"), 300),
      "another SHA-256",
    ],
    ["a missing component", (copy: string) => rmSync(join(copy, "application.tar.zst")), "No such file"],
    ["missing check sums", (copy: string) => rmSync(join(copy, "SHA256SUMS")), "SHA256SUMS is missing"],
    [
      "a changed manifest",
      (copy: string) => edit(copy, '"outcome": "complete"', '"outcome": "partial"'),
      "manifest.json is not what SHA256SUMS says",
    ],
  ])("restores nothing of a set with %s", async (name, damage, words) => {
    const to = sandbox.path("of-damaged");
    const ended = await run("latest", "--from", damaged(name.replaceAll(" ", "-"), damage), "--to", to);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(words);
    expect(existsSync(to) ? readdirSync(to) : []).toEqual([]);
  });

  test("takes the next copy when the nearest is damaged, and says so", async () => {
    await using other = await createSandbox();
    mkdirSync(other.path("nas"));
    const two = await createJob(other, { STORE_NAS_URL: other.path("nas") });
    await other.run(runtime, "scripts/backup-run.ts", ["--config", two.config]);
    flip(join(two.sets()[0] ?? "", "application.tar.zst"));
    const ended = await other.run(runtime, script, [
      "restore",
      "latest",
      "-c",
      two.config,
      "--to",
      other.path("back"),
    ]);
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(
      /^Note: Cannot use ".*" in local: application\.tar\.zst: it reads back with another SHA-256/m,
    );
    expect(readFileSync(other.path("back/application/index.php"), "utf8")).toBe("<?php echo 1;\n");
  });

  test.each([
    [["latest"], ["--to", "/proc/nowhere/x"], 2, "/proc/nowhere"],
    [["latest"], ["--component", "database-shop"], 2, 'The set has no component "database-shop"'],
    [[], [], 64, "SET is missing"],
    [["19700101"], [], 2, 'There is no set "19700101"'],
    [["latest"], ["--host", "web2"], 2, "There is no set"],
  ])("refuses %j %j", async (operands, flags, exitCode, words) => {
    const ended = await run(...operands, ...flags, "--from", job.backups);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(words);
  });

  test("does not write into the set that it reads", async () => {
    const ended = await run("latest", "--config", job.config, "--to", join(set, "back"));
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("it lies in the set");
  });

  test("refuses a file as the target, and a disk without room before anything is written", async () => {
    await sandbox.write("file", "");
    const onFile = await run("latest", "--config", job.config, "--to", sandbox.path("file"));
    expect(onFile.stderr).toContain("it is a regular empty file");
    await using other = await createSandbox();
    await other.fake(
      "stat",
      `#!/bin/sh\ncase "$*" in *--file-system*) echo "1 100 512";; *) exec /usr/bin/stat "$@";; esac\n`,
    );
    const ended = await other.run(runtime, script, [
      "restore",
      "latest",
      "--from",
      job.backups,
      "--to",
      other.path("x"),
    ]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/512 B free, .* required/);
    expect(existsSync(other.path("x"))).toBe(false);
  });

  /** A hash that is known only some time after everything has been extracted, and a sync that fails before. */
  const withLateHash = async (other: Sandbox) => {
    const [extracted, hashed] = [other.path("extracted"), other.path("hashed")];
    await other.fake("tar", `#!/bin/sh\n/usr/bin/tar "$@" && touch '${extracted}'\n`);
    await other.fake(
      "openssl",
      `#!/bin/sh\n/usr/bin/openssl "$@" >'${hashed}.part' || exit 1\n` +
        `if [ "$1" = dgst ]; then while ! [ -e '${extracted}' ]; do sleep 0.05; done; sleep 0.5; fi\n` +
        `mv '${hashed}.part' '${hashed}' && cat '${hashed}'\n`,
    );
    await other.fake("sync", `#!/bin/sh\ngrep -q stdin '${hashed}' && exec /usr/bin/sync "$@"\n`);
    return (from: string, to: string) =>
      other.run(runtime, script, ["restore", "latest", "--from", from, "--to", to]);
  };

  test("gives nothing its name before the hash of the set is known", async () => {
    await using other = await createSandbox();
    const runLate = await withLateHash(other);
    expect(await runLate(job.backups, other.path("back"))).toMatchObject({ stderr: "" });
    expect(readdirSync(other.path("back"))).toEqual(["application"]);
  });

  test("believes the hash, though everything can be extracted", async () => {
    await using other = await createSandbox();
    const runLate = await withLateHash(other);
    const copy = damaged("with-more", (path) => {
      // A frame that zstd skips.
      appendFileSync(join(path, "application.tar.zst"), Buffer.from("502a4d1801000000ff", "hex"));
    });
    const ended = await runLate(copy, other.path("back"));
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain("another SHA-256");
    expect(existsSync(other.path("extracted"))).toBe(true);
    expect(existsSync(other.path("back"))).toBe(false);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("leaves nothing behind on %s", async (signal) => {
    await using other = await createSandbox();
    // A tar that takes its time, and says so.
    await other.fake("tar", `#!/bin/sh\ntouch '${other.path("began")}'\nsleep 30\n`);
    const running = other.start(runtime, script, [
      "restore",
      "latest",
      "--from",
      job.backups,
      "--to",
      other.path("back"),
    ]);
    await waitFor(() => existsSync(other.path("began")), { timeoutMs: 20_000, what: "tar" });
    running.kill(signal);
    const ended = await running.exited;
    expect(ended.exitCode).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    expect(ended.stderr).toContain(`Stopped by ${signal}`);
    expect(existsSync(other.path("back"))).toBe(false);
  });

  test("has nothing under a final name after kill -9, and works the next time", async () => {
    await using other = await createSandbox();
    await other.fake("tar", `#!/bin/sh\ntouch '${other.path("began")}'\nsleep 30\n`);
    const args = ["restore", "latest", "--from", job.backups, "--to", other.path("back"), "--trust"];
    const running = other.start(runtime, script, args);
    await waitFor(() => existsSync(other.path("began")), { timeoutMs: 20_000, what: "tar" });
    running.kill("SIGKILL");
    await running.exited;
    expect(readdirSync(other.path("back")).filter((name) => !name.startsWith("."))).toEqual([]);
    rmSync(other.path("bin/tar"));
    expect(await other.run(runtime, script, args)).toMatchObject({ exitCode: 0 });
    expect(existsSync(other.path("back/application/index.php"))).toBe(true);
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 0x04;
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
}

function edit(set: string, from: string, to: string): void {
  const path = join(set, "manifest.json");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replaceAll(from, to));
}
