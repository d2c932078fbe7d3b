/** What a run over stacks does when something is wrong: one clear line, every other stack done, what ran runs again. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { answer, type RunningHttpServer, startHttpServer } from "#test/support/http-server.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Ended, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { waitFor } from "#test/support/wait-for.ts";

const service = `{image: "${image}", init: true, command: [sleep, infinity], volumes: ["./data:/data"]`;
const plain = `services: {main: ${service}}}`;

interface Told {
  readonly outcome: string;
  readonly critical: boolean;
  readonly headline: string;
  readonly hint: string;
  readonly problems: readonly string[];
  readonly logFile: string;
}

interface World extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly job: TestJob;
  readonly run: (env?: Readonly<Record<string, string>>) => Promise<Ended>;
  readonly recover: () => Promise<Ended>;
  readonly told: () => Told[];
  /** Names of the components of the newest set. */
  readonly components: () => ReadonlySet<string>;
  readonly problems: () => string;
}

describe.skipIf(!hasDocker)("A run over stacks", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  }, 120_000);
  afterEach(() => engine.clear());
  afterAll(() => engine?.[Symbol.asyncDispose]());

  const up = (name: string, compose = plain) => {
    mkdirSync(join(engine.directory, name, "data"), { recursive: true });
    writeFileSync(join(engine.directory, name, "data/file"), "data\n");
    engine.up(name, compose);
  };
  const states = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      engine
        .docker("ps", "--all", "--format", "{{.Names}} {{.State}}")
        .split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );

  async function createWorld(settings: Readonly<Record<string, string | undefined>> = {}): Promise<World> {
    const sandbox = await createSandbox();
    const server: RunningHttpServer = await startHttpServer(answer(200));
    const job = await createJob(sandbox, {
      APP_DIR: undefined,
      STACKS_DIR: engine.directory,
      WEBHOOK_URL: server.url,
      NOTIFY_ON: "always",
      RESTART_RETRY_DELAY: "0s",
      STACK_HEALTH_TIMEOUT: "1s",
      STACK_FREEZE: "none",
      ...settings,
    });
    const env = { ...engine.environment, PATH: `${sandbox.bin}:${engine.environment["PATH"]}` };
    const newest = () =>
      job.manifest(job.sets().at(-1) ?? "") as { components: { name: string }[]; problems: string[] };
    const start = (script: string, more: Readonly<Record<string, string>> = {}) =>
      sandbox.run("bun", script, ["--config", job.config], { env: { ...env, ...more } });
    return {
      sandbox,
      job,
      run: (more) => start("scripts/backup-run.ts", more),
      recover: () => start("scripts/recover.ts"),
      told: () => server.requests.map(({ body }) => JSON.parse(body)),
      components: () => new Set(newest().components.map(({ name }) => name)),
      problems: () => newest().problems.join("\n"),
      [Symbol.asyncDispose]: async () => {
        await sandbox[Symbol.asyncDispose]();
        await server.close();
      },
    };
  }

  /** Something happens on this host while an archive is written, and so while its stack is stopped. */
  const whileStopped = (sandbox: Sandbox, act: string) =>
    sandbox.fake("tar", `#!/bin/sh\ncase "$*" in *--create*) ${act};; esac\nexec /usr/bin/tar "$@"\n`);

  test("is refused when docker is down and there is nothing else, and says how to start it", async () => {
    up("one");
    await using world = await createWorld();
    const ended = await world.run({ DOCKER_HOST: `unix://${world.sandbox.path("nothing.sock")}` });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("Preflight refused");
    expect(ended.stderr).toContain("Cannot connect to the Docker daemon");
    expect(ended.stderr).toContain("systemctl status docker");
    expect(world.job.sets()).toEqual([]);
  });

  test("backs up what needs no docker when that is down", async () => {
    up("one");
    await using world = await createWorld();
    const app = world.sandbox.path("srv/app");
    writeFileSync(world.job.config, `${readFileSync(world.job.config, "utf8")}APP_DIR="${app}"\n`);
    const ended = await world.run({ DOCKER_HOST: `unix://${world.sandbox.path("nothing.sock")}` });
    expect(ended.exitCode).toBe(1);
    expect(world.components()).toEqual(new Set(["application"]));
    expect(world.told()[0]?.problems.join()).toContain("Cannot connect to the Docker daemon");
  });

  test("needs no valid compose file to stop and start, archives it as it is, and says what is wrong", async () => {
    up("broken");
    up("well");
    writeFileSync(join(engine.directory, "broken/compose.yaml"), "services: [\n");
    await using world = await createWorld();
    const before = states();
    const ended = await world.run();
    expect(ended.exitCode).toBe(1);
    expect(world.components()).toEqual(new Set(["stack-broken", "stack-well"]));
    expect(world.problems()).toContain("Cannot read the compose file of");
    expect(states()).toEqual(before);
  });

  test("takes names with spaces and quotes, and reports a directory without a compose file to nobody", async () => {
    up("my 'stack'");
    mkdirSync(join(engine.directory, "empty"));
    await using world = await createWorld();
    const before = states();
    expect(await world.run()).toMatchObject({ exitCode: 0, stderr: "" });
    expect(world.components()).toEqual(new Set(["stack-my_stack_"]));
    expect(states()).toEqual(before);
  });

  test("names what was selected and is not there, and backs up the rest", async () => {
    up("one");
    await using world = await createWorld({ STACKS_SELECT: "one\\nother" });
    writeFileSync(
      world.job.config,
      readFileSync(world.job.config, "utf8").replace('"one\\nother"', '"one\nother"'),
    );
    expect((await world.run()).exitCode).toBe(1);
    expect(world.components()).toEqual(new Set(["stack-one"]));
    expect(JSON.stringify(world.told()[0])).toContain("other");
  });

  test("counts bound data that is missing as a problem: its disk may not be mounted", async () => {
    up("one");
    rmSync(join(engine.directory, "one/data"), { recursive: true });
    await using world = await createWorld();
    expect((await world.run()).exitCode).toBe(1);
    expect(world.problems()).toContain("is its disk mounted?");
    expect(states()).toEqual({ "one-main-1": "running" });
  });

  test("tells at once of a stack that does not start, with the command and the log, urgently, and goes on", async () => {
    up("a-gone");
    up("b-other");
    await using world = await createWorld({ MAX_RESTART_ATTEMPTS: "1" });
    const hooked = world.sandbox.path("hooked");
    const hook = await world.sandbox.fake("hook", `#!/bin/sh\necho "$1 $2" >>${hooked}\n`);
    writeFileSync(
      world.job.config,
      `${readFileSync(world.job.config, "utf8")}POST_RESTART_HOOKS="${hook}"\n`,
    );
    const file = join(engine.directory, "a-gone/compose.yaml");
    await whileStopped(
      world.sandbox,
      `case "$*" in *a-gone*) docker rm --force a-gone-main-1 >/dev/null; mv ${file} ${file}.away;; esac`,
    );
    const ended = await world.run();
    expect(ended.exitCode).toBe(2);
    const [alert, report] = world.told();
    expect(alert).toMatchObject({ critical: true, logFile: world.job.logFile });
    expect(alert?.headline).toStartWith('IMMEDIATE ACTION REQUIRED: stack "a-gone" failed to restart');
    expect(alert?.problems.join("\n")).toContain("Containers that should be running: a-gone-main-1");
    expect(alert?.hint).toStartWith("Manual restart command: docker ");
    expect(alert?.problems).toContain(`Check logs: ${world.job.logFile}`);
    expect(report).toMatchObject({ critical: true, outcome: "failed" });
    expect(report?.headline).toStartWith('Not running: stack "a-gone". ');
    expect(report?.hint).toStartWith("Start it by hand: docker compose --project-name a-gone ");
    expect(report?.problems.filter((problem) => problem.includes("does not run"))).toHaveLength(1);
    expect(states()).toEqual({ "b-other-main-1": "running" });
    expect(world.components()).toEqual(new Set(["stack-a-gone", "stack-b-other"]));
    expect(existsSync(world.job.journal)).toBe(true);
    // The next run tries again, says the same, and does not forget either.
    const next = await world.run();
    expect({ exitCode: next.exitCode, told: world.told().at(-1)?.critical }).toEqual({
      exitCode: 2,
      told: true,
    });
    expect(readFileSync(world.job.journal, "utf8")).toContain("a-gone-main-1");
    // Once its file is back, a recovery makes good what the run could not.
    execFileSync("mv", [`${file}.away`, file]);
    const recovered = await world.recover();
    expect(recovered.exitCode).toBe(0);
    expect(recovered.stderr).toContain("left what could not be undone then; it is tried again");
    expect(states()).toEqual({ "a-gone-main-1": "running", "b-other-main-1": "running" });
    expect(existsSync(world.job.journal)).toBe(false);
    const calls = readFileSync(hooked, "utf8").trim().split("\n");
    expect(calls.at(-1)).toBe(`a-gone ${join(engine.directory, "a-gone")}`);
    expect(new Set(calls.slice(0, -1))).toEqual(new Set([`b-other ${join(engine.directory, "b-other")}`]));
  }, 90_000);

  test("says of what was healthy that it is not any more, and leaves it running", async () => {
    up(
      "one",
      `services: {main: ${service}, healthcheck: {test: [CMD, test, -e, /data/ok], interval: 200ms, retries: 1}}}`,
    );
    const ok = join(engine.directory, "one/data/ok");
    writeFileSync(ok, "");
    const isHealthy = () =>
      engine.docker("inspect", "--format", "{{.State.Health.Status}}", "one-main-1") === "healthy";
    await waitFor(isHealthy, { what: "the container to be healthy" });
    await using world = await createWorld();
    await whileStopped(world.sandbox, `rm -f ${ok}`);
    expect((await world.run()).exitCode).toBe(2);
    expect(world.told()[0]?.problems.join()).toContain("healthcheck says: unhealthy");
    expect(states()).toEqual({ "one-main-1": "running" });
    // A recovery finds it well again.
    writeFileSync(ok, "");
    expect((await world.recover()).exitCode).toBe(0);
    expect(existsSync(world.job.journal)).toBe(false);
  }, 60_000);

  test("gives an archive up when its stack has been stopped for too long, and backs up the others", async () => {
    up("a-slow");
    up("b-other");
    await using world = await createWorld({ STACK_MAX_WINDOW: "2s" });
    await whileStopped(world.sandbox, `case "$*" in *a-slow*) sleep 30;; esac`);
    const ended = await world.run();
    expect(ended.exitCode).toBe(1);
    expect(world.components()).toEqual(new Set(["stack-b-other"]));
    expect(world.problems()).toContain("longer than STACK_MAX_WINDOW (2s)");
    expect(states()).toEqual({ "a-slow-main-1": "running", "b-other-main-1": "running" });
  }, 60_000);

  test("archives a stack while it is stopped when there is no room for a copy of its data", async () => {
    up("one");
    writeFileSync(join(engine.directory, "one/data/large"), Buffer.alloc(8 * 1024 * 1024, "x"));
    await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory }) => {
      await using world = await createWorld({ STACK_FREEZE: "presync", STACK_STAGING_DIR: directory });
      expect(await world.run()).toMatchObject({ exitCode: 0 });
      const { notes } = world.job.manifest(world.job.sets()[0] ?? "") as { notes: string[] };
      expect(notes.join("\n")).toContain("presync");
      expect(states()).toEqual({ "one-main-1": "running" });
    });
  }, 60_000);

  test("waits for what ignores the request to stop no longer than its service allows", async () => {
    up(
      "one",
      `services: {main: {image: "${image}", stop_grace_period: 1s, command: [sh, -c, "trap '' TERM; while :; do sleep 0.2; done"]}}`,
    );
    await using world = await createWorld();
    expect(await world.run()).toMatchObject({ exitCode: 0 });
    expect(states()).toEqual({ "one-main-1": "running" });
  }, 60_000);

  test.each([
    ["stopped", ["stop", "one-main-1"], "start one-main-1"],
    [
      "taken down",
      ["compose", "--project-name", "one", "down"],
      "compose --project-directory DIR up --detach",
    ],
  ] as const)(
    "does not call whole what was archived of a stack, %s, that somebody starts meanwhile",
    async (_how, stop, start) => {
      up("one");
      engine.docker(...stop);
      await using world = await createWorld();
      const directory = join(engine.directory, "one");
      await whileStopped(world.sandbox, `docker ${start.replace("DIR", directory)} >/dev/null 2>&1`);
      expect((await world.run()).exitCode).toBe(1);
      expect(world.problems()).toContain('Container "one-main-1" was started by somebody else');
      expect(states()).toEqual({ "one-main-1": "running" });
    },
  );

  test("nor of one that another job stops right before its own window, and starts in it", async () => {
    up(
      "one",
      `services: {main: {image: "${image}", init: true, command: [sleep, infinity], labels: {lastgood.exec-pre: "kill 1; sleep 60"}}}`,
    );
    await using world = await createWorld({ STACK_FREEZE: "none" });
    await whileStopped(world.sandbox, "docker start one-main-1 >/dev/null");
    expect((await world.run()).exitCode).toBe(1);
    expect(world.problems()).toContain('Container "one-main-1" was started by somebody else');
    expect(states()).toEqual({ "one-main-1": "running" });
  });

  test("calls the hooks also after the restart of what was stopped for nothing", async () => {
    up("one");
    await using world = await createWorld();
    const hooked = world.sandbox.path("hooked");
    const hook = await world.sandbox.fake("hook", `#!/bin/sh\necho "$1" >>${hooked}\n`);
    appendFileSync(world.job.config, `POST_RESTART_HOOKS="${hook}"\n`);
    const docker = Bun.which("docker");
    const stop = `[ "$1" != stop ] || { ${docker} "$@"; echo "no answer" >&2; exit 1; }`;
    await world.sandbox.fake("docker", `#!/bin/sh\n${stop}\nexec ${docker} "$@"\n`);
    expect((await world.run()).stderr).toContain("no answer");
    expect(states()).toEqual({ "one-main-1": "running" });
    expect(readFileSync(hooked, "utf8")).toBe("one\n");
  });

  test("starts again what its archive failed for, with the same care", async () => {
    up("one");
    up("two");
    await using world = await createWorld();
    await whileStopped(world.sandbox, `case "$*" in *stacks/one*) echo "tar: boom" >&2; exit 2;; esac`);
    expect((await world.run()).exitCode).toBe(1);
    expect(world.components()).toEqual(new Set(["stack-two"]));
    expect(states()).toEqual({ "one-main-1": "running", "two-main-1": "running" });
  });
});
