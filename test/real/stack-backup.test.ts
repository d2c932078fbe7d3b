/** Whole runs over the stacks of a real engine, by both runtimes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { hasProcesses } from "#test/support/has-processes.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/backup-run.ts";

/** Says each second that it runs, ends at once when it is told to. */
const web = `
services:
  web:
    image: ${image}
    init: true
    command: [sleep, infinity]
    volumes: ["APPDATA/web:/data", "kept:/kept"]
    env_file: web.env
volumes:
  kept:
`;

interface StackWorld extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly job: TestJob;
  readonly run: (...args: readonly string[]) => ReturnType<Sandbox["run"]>;
}

async function createWorld(
  engine: DockerEngine,
  runtime: "bun" | "deno",
  settings: Readonly<Record<string, string>> = {},
): Promise<StackWorld> {
  const sandbox = await createSandbox();
  const job = await createJob(sandbox, {
    APP_DIR: undefined,
    STACKS_DIR: engine.directory,
    APPDATA_DIR: join(engine.directory, "../appdata"),
    ...settings,
  });
  return {
    sandbox,
    job,
    run: (...args) =>
      sandbox.run(runtime, script, ["--config", job.config, ...args], { env: engine.environment }),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

describe.skipIf(!hasDocker)("A backup of stacks", () => {
  let engine: DockerEngine;
  let appdata: string;
  beforeAll(async () => {
    engine = await startDockerEngine();
    appdata = join(engine.directory, "../appdata");
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  describe.each(runtimes)("on %s", (runtime) => {
    test("stops a stack, archives what it is and what it has, and starts it again", async () => {
      engine.clear();
      mkdirSync(join(appdata, "shop/web"), { recursive: true });
      writeFileSync(join(appdata, "shop/web/page"), "hello\n");
      engine.up("shop", web.replace("APPDATA", join(appdata, "shop")), { "web.env": "A=1\n" });
      engine.docker("exec", "shop-web-1", "sh", "-c", "echo vol > /kept/file");
      await using world = await createWorld(engine, runtime);
      const before = engine.docker("inspect", "--format", "{{.State.StartedAt}}", "shop-web-1");
      const ended = await world.run("--json");
      expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(engine.docker("inspect", "--format", "{{.State.Status}}", "shop-web-1")).toBe("running");
      expect(engine.docker("inspect", "--format", "{{.State.StartedAt}}", "shop-web-1")).not.toBe(before);
      const [set = ""] = world.job.sets();
      const target = world.sandbox.path("restored");
      mkdirSync(target);
      const archive = join(set, "stack-shop.tar.zst");
      execFileSync("tar", ["--zstd", "-C", target, "-xf", archive]);
      const at = (path: string) => readFileSync(join(target, path), "utf8");
      expect(at(join(appdata, "shop/web/page"))).toBe("hello\n");
      expect(at(join(engine.directory, "shop/compose.yaml"))).toContain("services:");
      expect(at(join(engine.directory, "shop/web.env"))).toBe("A=1\n");
      const volume = engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "shop_kept");
      expect(at(join(volume, "file"))).toBe("vol\n");
      expect(existsSync(world.job.journal)).toBe(false);
    }, 60_000);
  });

  test("runs the commands of containers also when none of them is stopped", async () => {
    engine.clear();
    const labels = `{lastgood.stop: "no", lastgood.exec-pre: "date > /data/before", lastgood.exec-post: "date > /data/after; exit 3"}`;
    const one = `{image: "${image}", init: true, command: [sleep, infinity], volumes: ["./data:/data"]`;
    const stack = engine.up(
      "shop",
      `services: {web: ${one}, labels: {lastgood.stop: "false"}}, db: ${one}, labels: ${labels}}}\n`,
    );
    await using world = await createWorld(engine, "bun");
    const ended = await world.run();
    // What was to be ended is not: somebody must hear of it.
    expect(ended.exitCode).toBe(1);
    const [set = ""] = world.job.sets();
    const listed = execFileSync("tar", ["-tf", join(set, "stack-shop.tar.zst")], { encoding: "utf8" });
    expect(listed).toContain("/shop/data/before\n");
    expect(listed).not.toContain("/shop/data/after\n");
    expect(existsSync(join(stack, "data/after"))).toBe(true);
    const manifest = readFileSync(join(set, "manifest.json"), "utf8");
    expect(manifest).toContain(`lastgood.exec-post of container \\"shop-db-1\\" ended with 3`);
    expect(ended.stdout + manifest).not.toContain("stopped for");
  }, 60_000);

  test("takes down what only a profile starts as well, and brings it back", async () => {
    engine.clear();
    const one = `{image: "${image}", init: true, command: [sleep, infinity]`;
    const web = `${one}, labels: {lastgood.exec-post: "date > /data/after"}, volumes: ["./data:/data"]}`;
    const stack = engine.up("shop", `services: {web: ${web}, tool: ${one}, profiles: [tools]}}\n`);
    engine.docker("compose", "--project-directory", stack, "--profile", "tools", "up", "--detach");
    const ids = () =>
      engine.docker("ps", "--quiet", "--filter", "label=com.docker.compose.project=shop").split("\n");
    const before = ids();
    await using world = await createWorld(engine, "bun", { STACK_STOP: "down" });
    const ended = await world.run();
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(ids()).toHaveLength(2);
    expect(ids().filter((id) => before.includes(id))).toEqual([]);
    expect(existsSync(join(stack, "data/after"))).toBe(true);
  }, 60_000);

  test("stops what runs when it stops it, whatever ran when it was read", async () => {
    engine.clear();
    const one = `{image: "${image}", init: true, volumes: ["./data:/data"], command`;
    const wait = "touch /data/waits; until [ -e /data/go ]; do sleep 0.1; done";
    const stack = engine.up(
      "shop",
      `services:
  db: ${one}: [sleep, infinity], labels: {lastgood.exec-pre: "${wait}"}}
  web: ${one}: [sleep, infinity]}
  job: ${one}: [sh, -c, "echo ran >> /data/job; until [ -e /data/end ]; do sleep 0.1; done"]}
  late: ${one}: [sleep, infinity], profiles: [late]}
`,
    );
    await using world = await createWorld(engine, "bun");
    const running = world.run();
    await waitFor(() => existsSync(join(stack, "data/waits")), { what: "the command", timeoutMs: 20_000 });
    writeFileSync(join(stack, "data/end"), "");
    const compose = (...args: string[]) => engine.docker("compose", "--project-directory", stack, ...args);
    const jobEnded = () => compose("ps", "--all", "--format", "{{.State}}", "job").trim() === "exited";
    await waitFor(jobEnded, { what: "the end of the job", timeoutMs: 20_000 });
    compose("up", "--detach", "--force-recreate", "--no-deps", "--timeout", "0", "web");
    compose("up", "--detach", "late");
    writeFileSync(join(stack, "data/go"), "");
    const ended = await running;
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [set = ""] = world.job.sets();
    const { facts } = JSON.parse(readFileSync(join(set, "manifest.json"), "utf8")).components[0];
    expect(new Set(facts.window.services)).toEqual(new Set(["db", "late", "web"]));
    expect(readFileSync(join(stack, "data/job"), "utf8")).toBe("ran\n");
  }, 60_000);

  test("ends by exec-post what exec-pre began when the run is killed, and lets no exec-pre go on without it", async () => {
    engine.clear();
    const pre = "touch /data/mode /data/waits; until [ -e /data/go ]; do sleep 0.1; done";
    const post = "rm /data/mode; echo ended >> /data/posts; exit 3";
    const labels = `{lastgood.exec-pre: "${pre}", lastgood.exec-post: "${post}"}`;
    const stack = engine.up(
      "shop",
      `services: {db: {image: "${image}", init: true, command: [sleep, infinity], volumes: ["./data:/data"], labels: ${labels}}}\n`,
    );
    const isThere = (name: string) => existsSync(join(stack, "data", name));
    const stateOf = () => engine.docker("inspect", "--format", "{{.State.Status}}", "shop-db-1");
    await using world = await createWorld(engine, "bun", { STACK_FREEZE: "none" });
    const killWhen = async (what: string, hasCome: () => boolean) => {
      const env = { ...engine.environment, PATH: `${world.sandbox.bin}:${engine.environment["PATH"]}` };
      const running = world.sandbox.start("bun", script, ["--config", world.job.config], { env });
      await waitFor(hasCome, { what, timeoutMs: 30_000 });
      running.kill("SIGKILL");
      await running.exited;
      await waitFor(() => !hasProcesses(world.sandbox), { what: "the guardian to end", timeoutMs: 60_000 });
      expect({ mode: isThere("mode"), journal: existsSync(world.job.journal), state: stateOf() }).toEqual({
        mode: false,
        journal: false,
        state: "running",
      });
    };
    await killWhen("exec-pre to be at work", () => isThere("waits"));
    await waitFor(() => !engine.docker("top", "shop-db-1").includes("until"), { what: "exec-pre to end" });
    writeFileSync(join(stack, "data/go"), "");
    await world.sandbox.fake(
      "tar",
      `#!/bin/sh\ncase "$*" in *--create*) sleep 60;; esac\nexec /usr/bin/tar "$@"\n`,
    );
    await killWhen("the stack to be stopped", () => stateOf() === "exited");
    expect(readFileSync(join(stack, "data/posts"), "utf8")).toBe("ended\nended\n");
    const told = readFileSync(world.job.logFile, "utf8");
    expect(told.split('lastgood.exec-post of container "shop-db-1" ended with 3').length).toBeGreaterThan(2);
  }, 120_000);

  test("keeps what exec-pre began no longer than the data is not held, neither while it is copied before nor while it is archived", async () => {
    engine.clear();
    const labels = `{lastgood.exec-pre: "touch /data/mode; sync", lastgood.exec-post: "mv /data/mode /data/ended"}`;
    const stack = engine.up(
      "shop",
      `services: {db: {image: "${image}", init: true, command: [sleep, infinity], volumes: ["./data:/data"], labels: ${labels}}}\n`,
    );
    await using world = await createWorld(engine, "bun", { STACK_FREEZE: "presync" });
    const [mode, said] = [join(stack, "data/mode"), world.sandbox.path("said")];
    await world.sandbox.fake(
      "tar",
      `#!/bin/sh
case "$*" in
  *--transform*) for i in $(seq 200); do [ -e ${mode} ] || break; sleep 0.1; done; [ ! -e ${mode} ] || echo archived >>${said};;
  *--create*) [ ! -e ${mode} ] || [ "$(docker inspect --format '{{.State.Running}}' shop-db-1)" = false ] || echo copied >>${said};;
esac
exec /usr/bin/tar "$@"
`,
    );
    const env = { ...engine.environment, PATH: `${world.sandbox.bin}:${engine.environment["PATH"]}` };
    const ended = await world.sandbox.run("bun", script, ["--config", world.job.config], { env });
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(existsSync(join(stack, "data/ended"))).toBe(true);
    expect(existsSync(said)).toBe(false);
    const [set = ""] = world.job.sets();
    const listed = execFileSync("tar", ["-tf", join(set, "stack-shop.tar.zst")], { encoding: "utf8" });
    expect(listed).toContain("/shop/data/mode\n");
  }, 60_000);
});
