/**
 * The legacy backup of compose stacks on a real engine: what its documents promise it does, and each known defect shows.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob } from "#test/support/job.ts";
import { createLegacyStacks, type LegacyStacks } from "#test/support/legacy-stacks.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const unattended = "docker-stack-backup.sh";
const manual = "docker-stack-backup-manual.sh";
const isLocked = (path: string) => spawnSync("flock", ["-n", path, "true"]).status === 1;

describe.skipIf(!hasDocker)("The legacy stack backup", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  }, 120_000);
  afterEach(() => engine.clear());
  afterAll(() => engine[Symbol.asyncDispose]());

  const build = (sandbox: Sandbox, ...config: readonly string[]) =>
    createLegacyStacks(engine, sandbox, config);
  const restore = (sandbox: Sandbox, ...args: readonly string[]) =>
    sandbox.run("bun", "scripts/restore.ts", args);
  const membersOf = (world: LegacyStacks, archive: string) =>
    new Set(
      execFileSync("tar", ["-tf", join(world.backups, archive)], { encoding: "utf8" })
        .trim()
        .split("\n"),
    );

  test("saves compose file, .env and appdata of a stack, starts again what ran, and tells its success", async () => {
    await using sandbox = await createSandbox();
    const hook = await sandbox.fake("hook", `#!/bin/sh\necho "$@" >${sandbox.path("hooked")}\n`);
    await using world = await build(sandbox, `POST_RESTART_HOOKS=(${hook})`, "COMPRESSION_METHOD=zstd");
    await world.addStack("plex", { plex: [], helper: [] });
    world.compose("plex", "stop", "helper");
    const ended = world.run(unattended);
    expect(ended).toMatchObject({ exitCode: 0, log: expect.stringContaining("✓ All containers started") });
    const [archive = ""] = world.archives();
    expect(archive).toMatch(/^web1\/\d{8}_\d{6}\/plex\.tar\.zst$/);
    expect(membersOf(world, archive)).toEqual(
      new Set(["./", "./compose.yaml", "./.env", "plex/", "plex/data.txt"]),
    );
    expect(world.running("plex")).toEqual(new Set(["plex"]));
    expect(world.messages()).toEqual([expect.stringContaining("Backed up: 1\nSkipped: 0\nFailed: 0")]);
    expect(readFileSync(sandbox.path("hooked"), "utf8")).toBe(`plex ${world.stack("plex")}\n`);
  }, 60_000);

  test("saves by hand what is chosen by numbers, stopped stacks as well", async () => {
    await using sandbox = await createSandbox();
    await using world = await build(sandbox);
    for (const name of ["a", "b", "c", "d"]) await world.addStack(name);
    world.compose("b", "stop");
    const ended = world.run(manual, [], "1-2 4\ny\n");
    expect(ended).toMatchObject({ exitCode: 0, output: expect.stringContaining("[3/3] d") });
    expect(new Set(world.archives().map((name) => name.split("/")[2]))).toEqual(
      new Set(["a.tar", "b.tar", "d.tar"]),
    );
    expect([...world.running("a"), ...world.running("b"), ...world.running("d")]).toEqual(["a", "d"]);
  }, 60_000);

  test("excludes ours, and ours excludes it, by the same lock", async () => {
    await using sandbox = await createSandbox();
    await using world = await build(sandbox);
    await world.addStack("plex");
    const job = await createJob(sandbox, { LOCK_FILE: world.lockFile });
    const backUp = ["scripts/backup-run.ts", ["--config", job.config]] as const;
    await world.intercept("tar", "HOLD");
    const legacy = await world.startHeld(unattended);
    const refused = await sandbox.run("bun", ...backUp);
    expect(refused).toMatchObject({
      exitCode: 75,
      stderr: expect.stringContaining("is held by another program"),
    });
    expect((await legacy.release()).exitCode).toBe(0);

    const ours = sandbox.start("bun", ...backUp, { env: world.held.environment() });
    await world.held.reached();
    expect(world.run(unattended)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("Another backup is already running"),
    });
    world.held.release();
    expect((await ours.exited).exitCode).toBe(0);
  }, 60_000);

  describe("has the defect", () => {
    test("D1 that whoever comes by removes the lock file of a run, even --help, and the next one runs beside it", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept("tar", "HOLD");
      const first = await world.startHeld(unattended);
      expect(isLocked(world.lockFile)).toBe(true);
      expect(world.run(unattended)).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining("Another backup is already running"),
      });
      expect(existsSync(world.lockFile)).toBe(false);
      const second = world.run(unattended);
      expect(second.exitCode).toBe(0);
      writeFileSync(world.lockFile, "of a run");
      expect(world.run(unattended, ["--help"]).exitCode).toBe(0);
      expect(existsSync(world.lockFile)).toBe(false);
      expect((await first.release()).exitCode).toBe(0);
    }, 60_000);

    test("D2 that runs by hand and by cron do not know of each other, and stop the same stack", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept("tar", "HOLD");
      const first = await world.startHeld(unattended);
      const second = world.run(manual, [], "all\ny\n");
      expect(second).toMatchObject({
        exitCode: 0,
        output: expect.stringContaining("Backed up: 1, failed: 0"),
      });
      expect((await first.release()).exitCode).toBe(0);
    }, 60_000);

    test("D3 that it goes on after SIGTERM, without its lock", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.addStack("web");
      await world.intercept("tar", "HOLD");
      const run = await world.startHeld(unattended);
      process.kill(run.pid, "SIGTERM");
      const ended = await run.release();
      expect(ended).toMatchObject({ exitCode: 0, log: expect.stringContaining("Backed up: 2") });
      expect(existsSync(world.lockFile)).toBe(false);
    }, 60_000);

    test("D3 that SIGTERM to all of it, as at a shutdown, leaves a stack down", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept("docker", 'case "$*" in "compose down") "$real" compose stop; HOLD;; esac');
      const run = await world.startHeld(unattended);
      process.kill(-run.pid, "SIGTERM");
      const ended = await run.release();
      expect(ended).toMatchObject({ exitCode: 1, log: expect.stringContaining("Failed to stop stack plex") });
      expect(world.running("plex")).toEqual(new Set());
      expect(world.messages().join()).not.toContain("CRITICAL");
    }, 60_000);

    test("D4 that its restore never finds a backup, and that it would bring back docker-compose.yml alone", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      expect(world.run(unattended).exitCode).toBe(0);
      expect(world.archives()).toHaveLength(1);
      expect(world.run("docker-stack-restore.sh", [], "1\n1\n1\ny\n1\ny\nn\n")).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining("No backups found for web1"),
      });

      const ours = await restore(sandbox, "list", "--from", world.backups);
      expect(ours).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/web1.*plex/) });

      const text = readFileSync(sandbox.path("legacy/docker-stack-restore.sh"), "utf8");
      const mended = text.replace(
        /^ {4}find (.*) \| while .*\n.*\n {4}done$/m,
        "    mapfile -t dates < <(find $1)",
      );
      await sandbox.write("legacy/mended.sh", mended);
      rmSync(world.stack("plex"), { recursive: true });
      expect(world.run("mended.sh", [], "1\n1\n1\ny\n1\ny\nn\n")).toMatchObject({ exitCode: 0 });
      expect(existsSync(join(world.stack("plex"), ".env"))).toBe(true);
      expect(existsSync(join(world.stack("plex"), "compose.yaml"))).toBe(false);
    }, 60_000);

    test("D5 that a dependency which starts too is taken for a failure, three times, and CRITICAL", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("shop", { web: ["depends_on: [db]"], db: [] });
      world.compose("shop", "stop", "db");
      const ended = world.run(unattended);
      expect(ended).toMatchObject({
        exitCode: 1,
        log: expect.stringContaining("Failed to restart stack after 3 attempts"),
      });
      expect(world.running("shop")).toEqual(new Set(["web", "db"]));
      expect(world.messages()[0]).toContain("Title: CRITICAL: Stack Failed to Restart - web1");
    }, 60_000);

    test("D6 that a file which changes while it is read is a failure", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept(
        "tar",
        'case "$*" in *-cf*) "$real" "$@"; echo "tar: plex/data.txt: file changed as we read it" >&2; exit 1;; esac',
      );
      expect(world.run(unattended)).toMatchObject({
        exitCode: 1,
        log: expect.stringContaining("Failed to create backup of plex"),
      });
    }, 60_000);

    test("D6 that half an archive keeps its final name, and that the check of archives ends with 0", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      writeFileSync(join(world.appdata, "plex/large.bin"), Buffer.alloc(1_000_000, "x"));
      await world.intercept("tar", 'case "$*" in *-cf*) "$real" "$@" | head -c 300000; exit 2;; esac');
      expect(world.run(unattended).exitCode).toBe(1);
      expect(world.archives()).toEqual([expect.stringMatching(/\/plex\.tar$/)]);
      expect(world.run("backup-verify.sh", ["--verify"])).toMatchObject({
        exitCode: 0,
        output: expect.stringContaining("✗ INVALID: web1/"),
      });
      const ours = await restore(sandbox, "verify", "--all", "--from", world.backups);
      expect(ours).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("plex.tar") });
    }, 60_000);

    test("D7 that a stack whose archive failed is started once, all of it, and nobody hears that it is down", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex", { plex: [], helper: [] });
      world.compose("plex", "stop", "helper");
      await world.intercept("tar", "exit 2");
      expect(world.run(unattended).exitCode).toBe(1);
      expect(world.running("plex")).toEqual(new Set(["plex", "helper"]));

      await world.intercept("docker", 'case "$*" in "compose up"*) exit 1;; esac');
      expect(world.run(unattended).exitCode).toBe(1);
      expect(world.running("plex")).toEqual(new Set());
      expect(world.messages().join()).not.toContain("CRITICAL");
    }, 60_000);

    test("D7 that a stack which could not be stopped whole stays half stopped", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex", { plex: [], helper: [] });
      await world.intercept(
        "docker",
        'case "$*" in "compose down") "$real" compose stop plex; exit 1;; esac',
      );
      expect(world.run(unattended)).toMatchObject({
        exitCode: 1,
        log: expect.stringContaining("Failed to stop stack plex"),
      });
      expect(world.running("plex")).toEqual(new Set(["helper"]));
    }, 60_000);

    test("D8 that a compose file which could not be copied is a success without it", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept("cp", 'echo "cp: error writing: No space left on device" >&2; exit 1');
      expect(world.run(unattended)).toMatchObject({
        exitCode: 0,
        log: expect.stringContaining("Backed up: 1"),
      });
      expect(membersOf(world, world.archives()[0] ?? "").has("./compose.yaml")).toBe(false);
    }, 60_000);

    test("D9 that stacks of which nothing is saved count as backed up", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("stopped");
      world.compose("stopped", "stop");
      await world.addStack("empty");
      rmSync(join(world.appdata, "empty/data.txt"));
      expect(world.run(unattended)).toMatchObject({
        exitCode: 0,
        log: expect.stringContaining("Backed up: 2\nSkipped: 0"),
      });
      expect(world.archives()).toEqual([]);
      expect(world.messages()).toEqual([expect.stringContaining("Title: Docker Backup Successful - web1")]);
    }, 60_000);

    test("D10 that containers are removed, and their anonymous volumes lost", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex", { plex: ["volumes:", "  - /scratch"] });
      const before = world.compose("plex", "ps", "--quiet");
      world.compose("plex", "exec", "plex", "touch", "/scratch/precious");
      expect(world.run(unattended).exitCode).toBe(0);
      expect(world.compose("plex", "ps", "--quiet")).not.toBe(before);
      expect(world.compose("plex", "exec", "plex", "ls", "/scratch")).toBe("");
    }, 60_000);

    test("that nobody hears of a preflight that refuses, or of a destination made where a disk should be", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept("df", 'echo "Avail"; echo "2G"; exit 0');
      rmSync(world.backups, { recursive: true });
      expect(world.run(unattended)).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining("Available: 2GB, Required: 5GB"),
      });
      expect(existsSync(world.backups)).toBe(true);
      expect(world.messages()).toEqual([]);
    }, 60_000);

    test("that its cleanup removes the last good backup, and what is not its own", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      expect(world.run(unattended).exitCode).toBe(0);
      await sandbox.write("backups/photos/2019/wedding.jpg", "x");
      const old = new Date(Date.now() - 32 * 86_400_000);
      for (const path of [
        join(world.backups, world.archives()[0] ?? "", ".."),
        join(world.backups, "photos/2019"),
      ])
        utimesSync(path, old, old);
      expect(world.run("cleanup-old-backups.sh").exitCode).toBe(0);
      expect(world.archives()).toEqual([]);
      expect(existsSync(join(world.backups, "photos/2019"))).toBe(false);
    }, 60_000);
  });
});
