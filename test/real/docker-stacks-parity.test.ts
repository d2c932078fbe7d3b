/**
 * The legacy backup of compose stacks and ours side by side, on a real engine: what its documents promise both do; each known
 * defect shows in the legacy scripts and not in ours, which run with what the importer makes of the legacy configuration.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createLegacyStacks } from "#test/support/legacy-stacks.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const unattended = "docker-stack-backup.sh";
const manual = "docker-stack-backup-manual.sh";
/** As tar ends. */
const fullDisk = 'echo "tar: -: Cannot write: No space left on device" >&2; exit 2';
const isLocked = (path: string) => spawnSync("flock", ["-n", path, "true"]).status === 1;

describe.skipIf(!hasDocker)("The legacy stack backup and ours", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  }, 120_000);
  afterEach(() => engine.clear());
  afterAll(() => engine[Symbol.asyncDispose]());

  const build = (sandbox: Sandbox, ...config: readonly string[]) =>
    createLegacyStacks(engine, sandbox, config);
  test("save compose file, .env and appdata of a stack, start again what ran, and tell their success", async () => {
    await using sandbox = await createSandbox();
    const hook = await sandbox.fake("hook", `#!/bin/sh\necho "$@" >${sandbox.path("hooked")}\n`);
    await using world = await build(sandbox, `POST_RESTART_HOOKS=(${hook})`, "COMPRESSION_METHOD=zstd");
    await world.addStack("plex", { plex: [], helper: [] });
    world.compose("plex", "stop", "helper");
    const ended = world.run(unattended);
    expect(ended).toMatchObject({ exitCode: 0, log: expect.stringContaining("✓ All containers started") });
    const [archive = ""] = world.archives();
    expect(archive).toMatch(/^web1\/\d{8}_\d{6}\/plex\.tar\.zst$/);
    expect(world.membersOf(archive)).toEqual(
      new Set(["./", "./compose.yaml", "./.env", "plex/", "plex/data.txt"]),
    );
    expect(world.running("plex")).toEqual(new Set(["plex"]));
    expect(world.messages()).toEqual([expect.stringContaining("Backed up: 1\nSkipped: 0\nFailed: 0")]);
    expect(readFileSync(sandbox.path("hooked"), "utf8")).toBe(`plex ${world.stack("plex")}\n`);

    rmSync(sandbox.path("hooked"));
    const ours = await world.ours.run();
    expect(ours).toMatchObject({ exitCode: 0, stderr: "" });
    const [set = ""] = world.ours.sets();
    expect(set).toMatch(/\/ours\/web1\/\d{8}_\d{6}$/);
    const saved = world.savedOf(set, "plex");
    for (const name of ["/stacks/web1/plex/compose.yaml", "/stacks/web1/plex/.env", "/appdata/plex/data.txt"])
      expect(saved).toContain(name);
    expect(world.running("plex")).toEqual(new Set(["plex"]));
    expect(world.ours.messages()).toEqual([expect.stringMatching(/^\[OK\] backup-run stacks on web1/)]);
    expect(readFileSync(sandbox.path("hooked"), "utf8")).toBe(`plex ${world.stack("plex")}\n`);
  }, 60_000);

  test("exclude each other by the same lock", async () => {
    await using sandbox = await createSandbox();
    await using world = await build(sandbox);
    await world.addStack("plex");
    await world.intercept("tar", "HOLD");
    const legacy = await world.startHeld(unattended);
    const refused = await world.ours.run();
    expect(refused).toMatchObject({
      exitCode: 75,
      stderr: expect.stringContaining("is held by another program"),
    });
    expect((await legacy.release()).exitCode).toBe(0);

    const ours = await world.ours.start(world.held.environment());
    await world.held.reached();
    expect(world.run(unattended)).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining("Another backup is already running"),
    });
    world.held.release();
    expect((await ours.exited).exitCode).toBe(0);
  }, 60_000);

  describe("differ in what is a defect:", () => {
    test("D1 whoever comes by removes the lock file of a run, even --help, and the next one runs beside it", async () => {
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

      const ours = await world.ours.start(world.held.environment());
      await world.held.reached();
      const { ino } = statSync(world.lockFile);
      expect((await world.ours.run()).exitCode).toBe(75);
      expect((await sandbox.run("bun", "scripts/backup-run.ts", ["--help"])).exitCode).toBe(0);
      expect(isLocked(world.lockFile)).toBe(true);
      world.held.release();
      expect((await ours.exited).exitCode).toBe(0);
      expect(statSync(world.lockFile).ino).toBe(ino);
    }, 60_000);

    test("D2 runs by hand and by cron do not know of each other, and stop the same stack", async () => {
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
      expect((await world.ours.runByHand("plex")).exitCode).toBe(75);
      expect((await first.release()).exitCode).toBe(0);
    }, 60_000);

    test("D3 it goes on after SIGTERM, without its lock", async () => {
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

      const ours = await world.ours.start(world.held.environment());
      await world.held.reached();
      ours.kill("SIGTERM");
      expect((await ours.exited).exitCode).toBe(143);
      expect([...world.running("plex"), ...world.running("web")]).toEqual(["plex", "web"]);
      expect(world.ours.sets()).toEqual([]);
    }, 60_000);

    test("D3 SIGTERM to all of it, as at a shutdown, leaves a stack down", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept(
        "docker",
        'case "$*" in "compose down") "$real" compose stop; HOLD;; "stop "*) "$real" "$@"; HOLD; exit 0;; esac',
      );
      const run = await world.startHeld(unattended);
      process.kill(-run.pid, "SIGTERM");
      const ended = await run.release();
      expect(ended).toMatchObject({ exitCode: 1, log: expect.stringContaining("Failed to stop stack plex") });
      expect(world.running("plex")).toEqual(new Set());
      expect(world.messages().join()).not.toContain("CRITICAL");

      world.compose("plex", "start");
      const ours = await world.ours.start(world.held.environment());
      await world.held.reached();
      process.kill(-ours.pid, "SIGTERM");
      world.held.release();
      expect((await ours.exited).exitCode).toBe(143);
      expect(world.running("plex")).toEqual(new Set(["plex"]));
    }, 60_000);

    test("D5 a dependency which starts too is taken for a failure, three times, and CRITICAL", async () => {
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

      world.compose("shop", "stop", "db");
      expect(await world.ours.run()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(world.running("shop")).toEqual(new Set(["web"]));
      expect(world.ours.messages()).toEqual([expect.stringMatching(/^\[OK\]/)]);
    }, 60_000);

    test("D7 a stack whose archive failed is started once, all of it, and nobody hears that it is down", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex", { plex: [], helper: [] });
      world.compose("plex", "stop", "helper");
      await world.intercept("tar", `case "$*" in *--version*) ;; *) ${fullDisk};; esac`);
      expect(world.run(unattended).exitCode).toBe(1);
      expect(world.running("plex")).toEqual(new Set(["plex", "helper"]));
      world.compose("plex", "stop", "helper");
      expect(await world.ours.run()).toMatchObject({ exitCode: 2 });
      expect(world.running("plex")).toEqual(new Set(["plex"]));

      await world.intercept(
        "docker",
        'case "$*" in "compose up"*|"start "*) echo "Error response from daemon: port is already allocated" >&2; exit 1;; esac',
      );
      expect(world.run(unattended).exitCode).toBe(1);
      expect(world.running("plex")).toEqual(new Set());
      expect(world.messages().join()).not.toContain("CRITICAL");
      world.compose("plex", "up", "--detach", "plex");
      expect(await world.ours.run({ MAX_RESTART_ATTEMPTS: "1" })).toMatchObject({ exitCode: 2 });
      expect(world.ours.messages().at(-1)).toMatch(/^\[CRITICAL\].*\n[\s\S]*docker start plex-plex-1/);
    }, 60_000);

    test("D7 a stack which could not be stopped whole stays half stopped", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex", { plex: [], helper: [] });
      await world.intercept(
        "docker",
        'case "$*" in "compose down") "$real" compose stop plex; exit 1;; "stop "*) for last; do :; done; "$real" stop "$last"; exit 1;; esac',
      );
      expect(world.run(unattended)).toMatchObject({
        exitCode: 1,
        log: expect.stringContaining("Failed to stop stack plex"),
      });
      expect(world.running("plex")).toEqual(new Set(["helper"]));
      world.compose("plex", "start");
      expect(await world.ours.run()).toMatchObject({ exitCode: 2 });
      expect(world.running("plex")).toEqual(new Set(["plex", "helper"]));
    }, 60_000);

    test("D10 containers are removed, and their anonymous volumes lost", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex", { plex: ["volumes:", "  - /scratch"] });
      const before = world.compose("plex", "ps", "--quiet");
      world.compose("plex", "exec", "plex", "touch", "/scratch/precious");
      expect(world.run(unattended).exitCode).toBe(0);
      expect(world.compose("plex", "ps", "--quiet")).not.toBe(before);
      expect(world.compose("plex", "exec", "plex", "ls", "/scratch")).toBe("");

      const present = world.compose("plex", "ps", "--quiet");
      world.compose("plex", "exec", "plex", "touch", "/scratch/precious");
      expect((await world.ours.run()).exitCode).toBe(0);
      expect(world.compose("plex", "ps", "--quiet")).toBe(present);
      expect(world.compose("plex", "exec", "plex", "ls", "/scratch")).toBe("precious\n");
    }, 60_000);
  });
});
