/** A stack on a real engine with all kinds of data, backed up and then broken, to be restored in its place. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, image } from "#test/support/docker-engine.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

/** `web` is well as long as its healthcheck finds what it looks for. */
const compose = (appdata: string, healthcheck: string) => `
services:
  web:
    image: ${image}
    init: true
    command: [sleep, infinity]
    volumes: ["${appdata}/web:/data", "kept:/kept", "./conf.txt:/conf.txt"]
    env_file: web.env
    healthcheck: {test: [CMD, sh, -c, ${JSON.stringify(healthcheck)}], interval: 1s, timeout: 5s, retries: 2}
  worker:
    image: ${image}
    init: true
    command: [sleep, infinity]
    depends_on: [web]
volumes:
  kept:
`;

export interface RestorableStack extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly job: TestJob;
  readonly name: string;
  readonly directory: string;
  readonly appdata: string;
  readonly volume: () => string;
  /** What every place of it holds now. */
  readonly contents: () => Readonly<Record<string, string>>;
  /** Write another word into every place. */
  readonly fill: (word: string) => void;
  readonly args: (...more: readonly string[]) => readonly string[];
  readonly states: () => string;
  /** Of `web`. */
  readonly health: () => string;
}

let counter = 0;

/** Every place holds "old" in the set, and "broken" now. */
export async function createRestorableStack(
  engine: DockerEngine,
  settings: Readonly<Record<string, string>> = {},
  healthcheck = "cat /data/page",
  prepare: (appdata: string) => void = () => undefined,
): Promise<RestorableStack> {
  counter += 1;
  const name = `shop${counter}`;
  const appdataDir = join(engine.directory, `../appdata-${name}`);
  const appdata = join(appdataDir, name);
  const directory = join(engine.directory, name);
  mkdirSync(appdata, { recursive: true });
  prepare(appdata);
  mkdirSync(join(appdata, "web"));
  const fillData = (word: string) => {
    writeFileSync(join(appdata, "web/page"), `${word}\n`);
    writeFileSync(join(appdata, "web", `only-${word}`), "");
  };
  fillData("old");
  engine.up(name, compose(appdata, healthcheck), { "web.env": "A=old\n", "conf.txt": "old\n" });
  const volume = () => engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}", `${name}_kept`);
  const fill = (word: string) => {
    fillData(word);
    writeFileSync(join(directory, "conf.txt"), `${word}\n`);
    writeFileSync(join(volume(), "file"), `${word}\n`);
    writeFileSync(join(directory, "web.env"), `A=${word}\n`);
  };
  fill("old");
  const sandbox = await createSandbox();
  const job = await createJob(sandbox, {
    APP_DIR: undefined,
    STACKS_DIR: engine.directory,
    STACKS_SELECT: name,
    APPDATA_DIR: appdataDir,
    MAX_RESTART_ATTEMPTS: "1",
    ...settings,
  });
  const backup = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config], {
    env: engine.environment,
  });
  if (backup.exitCode !== 0) throw new Error(`The backup ended with ${backup.exitCode}: ${backup.stderr}`);
  fill("broken");
  const places = () => ({
    page: join(appdata, "web/page"),
    conf: join(directory, "conf.txt"),
    volume: join(volume(), "file"),
    env: join(directory, "web.env"),
  });
  return {
    sandbox,
    job,
    name,
    directory,
    appdata,
    volume,
    contents: () =>
      Object.fromEntries(
        Object.entries(places()).map(([place, path]) => [place, readFileSync(path, "utf8").trim()]),
      ),
    fill,
    args: (...more) => [
      ...["restore", "latest", "--component", `stack-${name}`, "--in-place", "--yes", "-c", job.config],
      ...more,
    ],
    states: () =>
      engine
        .docker(
          "ps",
          "--all",
          "--filter",
          `label=com.docker.compose.project=${name}`,
          "--format",
          "{{.State}}",
        )
        .split("\n")
        .join(" "),
    health: () => engine.docker("inspect", "--format", "{{.State.Health.Status}}", `${name}-web-1`),
    [Symbol.asyncDispose]: async () => {
      engine.docker("compose", "--project-name", name, "down", "--volumes", "--timeout", "0");
      for (const path of [appdataDir, directory]) rmSync(path, { recursive: true });
      await sandbox[Symbol.asyncDispose]();
    },
  };
}

export const allOld = { page: "old", conf: "old", volume: "old", env: "A=old" };
export const allBroken = { page: "broken", conf: "broken", volume: "broken", env: "A=broken" };
