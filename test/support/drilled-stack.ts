/** A stack on a real engine, backed up, of which a drill is to start a copy. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DockerEngine } from "#test/support/docker-engine.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import {
  createSandbox,
  type Ended,
  projectDirectory,
  type Running,
  type Runtime,
  type Sandbox,
} from "#test/support/sandbox.ts";

export interface DrilledStack extends AsyncDisposable {
  readonly name: string;
  readonly directory: string;
  /** What lies outside the stack's directory; its data may be there. */
  readonly outside: string;
  readonly sandbox: Sandbox;
  readonly job: TestJob;
  readonly drill: (runtime: Runtime, ...more: readonly string[]) => Promise<Ended>;
  readonly startDrill: (runtime: Runtime) => Running;
  /** Where it extracts is a file system that nobody else sees. */
  readonly drillAlone: () => { readonly exitCode: number | null; readonly stderr: string };
  /** What was recorded of the last drill. */
  readonly recorded: () => { readonly outcome: string; readonly message: string; readonly problems: string };
  /** Ids of the containers of the copy while there is one. */
  readonly copies: () => readonly string[];
  /** Containers, networks and volumes of drills, and what lies where it extracts. */
  readonly left: () => readonly string[];
}

interface StackLayout {
  /** Files of its directory; STACK and OUTSIDE in them are paths, ENGINE a number that no other engine of the machine has. */
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** Files elsewhere. */
  readonly outside?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  /** Options of `docker compose`. */
  readonly options?: readonly string[];
}

let counter = 0;

/** Write a stack, start it, and back it up. */
export async function createDrilledStack(engine: DockerEngine, layout: StackLayout): Promise<DrilledStack> {
  counter += 1;
  const name = `shop${counter}`;
  const directory = join(engine.directory, name);
  const outside = join(engine.directory, `../outside-${name}`);
  const number = /engine-(\d+)/.exec(engine.directory)?.[1] ?? "";
  const fill = (text: string) =>
    text.replaceAll("STACK", directory).replaceAll("OUTSIDE", outside).replaceAll("ENGINE", number);
  mkdirSync(outside);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, fill(text));
  };
  for (const [file, text] of Object.entries(layout.outside ?? {})) write(join(outside, file), text);
  for (const [file, text] of Object.entries(layout.files)) write(join(directory, file), text);
  for (const [link, target] of Object.entries(layout.links ?? {}))
    symlinkSync(fill(target), join(directory, link));
  const options = (layout.options ?? []).map(fill);
  engine.docker("compose", "--project-directory", directory, ...options, "up", "--detach", "--wait");
  const sandbox = await createSandbox();
  mkdirSync(sandbox.path("scratch"));
  const job = await createJob(sandbox, {
    APP_DIR: undefined,
    STACKS_DIR: engine.directory,
    STACKS_SELECT: name,
    MAX_RESTART_ATTEMPTS: "1",
    RESTART_RETRY_DELAY: "0s",
    DRILL_STACK_TIMEOUT: "30s",
    ...layout.settings,
  });
  const { environment: env } = engine;
  const args = ["drill", "latest", "-c", job.config, "--to", sandbox.path("scratch"), "--start-stacks"];
  const script = "scripts/restore.ts";
  const ended = await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config], { env });
  if (ended.exitCode !== 0) throw new Error(`The backup ended with ${ended.exitCode}: ${ended.stderr}`);
  const list = (...command: readonly string[]) =>
    engine
      .docker(...command, "--filter", "name=lastgood-drill-", "--quiet")
      .split("\n")
      .filter((id) => id !== "");
  return {
    name,
    directory,
    outside,
    sandbox,
    job,
    drill: (runtime, ...more) => sandbox.run(runtime, script, [...args, ...more], { env }),
    drillAlone: () => {
      const mountAndRun = 'mount -t tmpfs tmpfs "$1"; shift; exec "$@"';
      const command = [process.execPath, join(projectDirectory, script), ...args];
      const { status, stderr } = spawnSync(
        "unshare",
        ["--mount", "sh", "-ec", mountAndRun, "sh", sandbox.path("scratch"), ...command],
        { cwd: sandbox.directory, env: { ...sandbox.environment, ...env }, encoding: "utf8" },
      );
      return { exitCode: status, stderr };
    },
    startDrill: (runtime) => sandbox.start(runtime, script, args, { env }),
    recorded: () => {
      const { drills } = JSON.parse(readFileSync(sandbox.path("state/app/drill.json"), "utf8"));
      const { outcome, components } = drills.at(-1);
      return { outcome, message: components[0].message, problems: components[0].problems.join("\n") };
    },
    copies: () => list("ps", "--all"),
    left: () => [
      ...[list("ps", "--all"), list("network", "ls"), list("volume", "ls")].flat(),
      ...readdirSync(sandbox.path("scratch")),
    ],
    [Symbol.asyncDispose]: async () => {
      engine.docker("compose", "--project-name", name, "down", "--volumes", "--timeout", "0");
      for (const path of [directory, outside]) rmSync(path, { recursive: true });
      await sandbox[Symbol.asyncDispose]();
    },
  };
}
