/** As `docker-stacks-parity.test.ts`: what is saved, kept and told. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { createLegacyStacks } from "#test/support/legacy-stacks.ts";
import { createSandbox, projectDirectory, runtimeProgram, type Sandbox } from "#test/support/sandbox.ts";
import { converse } from "#test/support/terminal.ts";

const unattended = "docker-stack-backup.sh";
const manual = "docker-stack-backup-manual.sh";
/** As tar ends. */
const fullDisk = 'echo "tar: -: Cannot write: No space left on device" >&2; exit 2';

describe.skipIf(!hasDocker)("The archives of the legacy stack backup and ours", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  }, 120_000);
  afterEach(() => engine.clear());
  afterAll(() => engine[Symbol.asyncDispose]());

  const build = (sandbox: Sandbox, ...config: readonly string[]) =>
    createLegacyStacks(engine, sandbox, config);

  test("save by hand what is chosen by numbers, stopped stacks as well", async () => {
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

    const command = [
      runtimeProgram("bun"),
      "scripts/manual-backup.ts",
      "--config",
      await world.ours.configure(),
    ];
    const { status } = await converse(
      command,
      [
        ["q to leave) ", "1-2 4\n"],
        ["(y/N) ", "y\n"],
      ],
      { cwd: projectDirectory, env: world.environment },
    );
    expect(status).toBe(0);
    const [set = ""] = world.ours.sets();
    expect(new Set(readdirSync(set).filter((name) => name.startsWith("stack-")))).toEqual(
      new Set(["stack-a.tar.zst", "stack-b.tar.zst", "stack-d.tar.zst"]),
    );
    expect([...world.running("a"), ...world.running("b"), ...world.running("d")]).toEqual(["a", "d"]);
  }, 60_000);

  describe("differ in what is a defect:", () => {
    test("D4 its restore never finds a backup, and would bring back docker-compose.yml alone", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      expect(world.run(unattended).exitCode).toBe(0);
      expect(world.archives()).toHaveLength(1);
      expect(world.run("docker-stack-restore.sh", [], "1\n1\n1\ny\n1\ny\nn\n")).toMatchObject({
        exitCode: 1,
        output: expect.stringContaining("No backups found for web1"),
      });

      const ours = await world.restore("list", "--from", world.backups);
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

    test("D6 a file which changes while it is read is a failure", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept(
        "tar",
        'case "$*" in *-cf*|*--create*) "$real" "$@"; echo "tar: plex/data.txt: file changed as we read it" >&2; exit 1;; esac',
      );
      expect(world.run(unattended)).toMatchObject({
        exitCode: 1,
        log: expect.stringContaining("Failed to create backup of plex"),
      });
      expect((await world.ours.run()).exitCode).toBe(0);
      expect(world.ours.sets()).toHaveLength(1);
    }, 60_000);

    test("D6 half an archive keeps its final name, and the check of archives ends with 0", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      writeFileSync(join(world.appdata, "plex/large.bin"), Buffer.alloc(1_000_000, "x"));
      await world.intercept(
        "tar",
        `case "$*" in *-cf*|*--create*) "$real" "$@" | head -c 300000; ${fullDisk};; esac`,
      );
      expect(world.run(unattended).exitCode).toBe(1);
      expect(world.archives()).toEqual([expect.stringMatching(/\/plex\.tar$/)]);
      expect(world.run("backup-verify.sh", ["--verify"])).toMatchObject({
        exitCode: 0,
        output: expect.stringContaining("✗ INVALID: web1/"),
      });
      const verified = await world.restore("verify", "--all", "--from", world.backups);
      expect(verified).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("plex.tar") });
      expect(await world.ours.run()).toMatchObject({ exitCode: 2 });
      expect(world.ours.sets()).toEqual([]);
    }, 60_000);

    test("an archive that nobody could read back is a success", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox, "COMPRESSION_METHOD=zstd");
      await world.addStack("plex");
      await world.intercept(
        "zstd",
        'case "$*" in *--version*|*-d*) ;; *) "$real" "$@" | head -c 100; exit 0;; esac',
      );
      expect(world.run(unattended)).toMatchObject({
        exitCode: 0,
        log: expect.stringContaining("Backed up: 1"),
      });
      expect(await world.ours.run()).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("Cannot read back the stack-plex"),
      });
      expect(world.ours.sets()).toEqual([]);
      expect(world.running("plex")).toEqual(new Set(["plex"]));
    }, 60_000);

    test("D8 a compose file which could not be copied is a success without it", async () => {
      await using sandbox = await createSandbox();
      await using world = await build(sandbox);
      await world.addStack("plex");
      await world.intercept("cp", 'echo "cp: error writing: No space left on device" >&2; exit 1');
      expect(world.run(unattended)).toMatchObject({
        exitCode: 0,
        log: expect.stringContaining("Backed up: 1"),
      });
      expect(world.membersOf(world.archives()[0] ?? "").has("./compose.yaml")).toBe(false);

      await world.intercept(
        "tar",
        'case "$*" in *--create*) "$real" "$@"; echo "tar: stacks/web1/plex/compose.yaml: Cannot open: Input/output error" >&2; exit 2;; esac',
      );
      const ours = await world.ours.run();
      expect(ours).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("compose.yaml") });
    }, 60_000);

    test("D9 stacks of which nothing is saved count as backed up", async () => {
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

      expect((await world.ours.run()).exitCode).toBe(0);
      const [set] = world.ours.sets();
      expect(world.savedOf(set, "stopped")).toContain("/appdata/stopped/data.txt");
      expect(world.savedOf(set, "empty")).toContain("/stacks/web1/empty/compose.yaml");
      expect([...world.running("stopped"), ...world.running("empty")]).toEqual(["empty"]);
    }, 60_000);

    test("nobody hears of a preflight that refuses, or of a destination made where a disk should be", async () => {
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

      rmSync(world.ours.backups, { recursive: true });
      expect(await world.ours.run()).toMatchObject({ exitCode: 2 });
      expect(existsSync(world.ours.backups)).toBe(false);
      expect(world.ours.messages()).toEqual([expect.stringMatching(/^\[FAILED\]/)]);
    }, 60_000);

    test("its cleanup removes the last good backup, and what is not its own", async () => {
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

      await sandbox.write("ours/photos/2019/wedding.jpg", "x");
      expect((await world.ours.run()).exitCode).toBe(0);
      const [first = ""] = world.ours.sets();
      await world.intercept("tar", `case "$*" in *--create*) ${fullDisk};; esac`);
      for (const path of [first, sandbox.path("ours/photos/2019")]) utimesSync(path, old, old);
      expect((await world.ours.run({ KEEP_LAST: "1", KEEP_DAILY: "0" })).exitCode).toBe(2);
      expect(world.ours.sets()).toEqual([first]);
      expect(existsSync(sandbox.path("ours/photos/2019"))).toBe(true);
    }, 60_000);
  });
});
