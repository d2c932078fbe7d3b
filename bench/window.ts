#!/usr/bin/env bun
/**
 * How long a stack is away for those who use it: from the last answer of its container to the first one after a backup, while two
 * of a hundred parts of its data change between the copy and the stop. Each way on btrfs, XFS and ext4, for many small files and for
 * few large ones as they grow, against the legacy scripts in the same run. Prints Markdown. Needs root and loop devices.
 *
 * The container answers every 10 ms, into a file beside the data. The change is made before docker is told to stop it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FreezeSetting, type FreezeStrategy, freezeStrategies } from "#lib/core/freeze.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";
import { startDockerEngine } from "#test/support/docker-engine.ts";
import { surveyAccess } from "#test/support/freezing.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";
import { service } from "#test/support/stack.ts";
import { waitFor } from "#test/support/wait-for.ts";
import { readWindows } from "./read-windows.ts";
import { type Shape, shapes, withDisk } from "./stack-data.ts";

const { values } = parseArgs({
  options: {
    directory: { type: "string", default: "/var/tmp/lastgood-bench" },
    runs: { type: "string", default: "3" },
    only: { type: "string" },
    /** Places in the list of shapes. */
    shapes: { type: "string" },
  },
});

/** "restart" is docker's own stop and start: what nothing that stops containers can undercut. */
type Way = FreezeSetting | "legacy" | "restart";

interface Outage {
  readonly seconds: number;
  /** As the run itself measured it; legacy scripts do not. */
  readonly own: { readonly window: number; readonly freeze: number; readonly took: string } | undefined;
}

const runTimeoutMs = 1_200_000;
const ways: readonly Way[] = ["legacy", "restart", ...freezeStrategies.toReversed(), "auto"];
const wantedShapes = shapes.filter((_, at) => values.shapes?.split(",").includes(String(at)) ?? true);

await using engine = await startDockerEngine();
await using sandbox = await createSandbox();
const [beats, stacks] = [sandbox.path("beats"), sandbox.path("stacks/web1")];
const [stopping, changed] = [sandbox.path("stopping"), sandbox.path("changed")];
await prepareSandbox();
console.log(
  `| file system | data | ${ways.join(" | ")} | auto takes | auto / best | beside docker and freeze |`,
);
console.log(`|---|---|${ways.map(() => "---").join("|")}|---|---|---|`);
for (const type of ["btrfs", "xfs", "ext4"]) {
  if (values.only !== undefined && values.only !== type) continue;
  await withDisk(values.directory, type, async (mount) => {
    for (const shape of wantedShapes) await measureShape(type, mount, shape);
  });
}

/** Programs that wait for the change before they stop anything, and the legacy scripts. */
async function prepareSandbox(): Promise<void> {
  for (const directory of [beats, stacks]) mkdirSync(directory, { recursive: true });
  await sandbox.write("beats/log", "");
  const change = `case "$*" in stop\\ *|*\\ down) touch ${stopping}; while [ ! -e ${changed} ]; do sleep 0.02; done;; esac`;
  await sandbox.fake("docker", `#!/bin/sh\n${change}\nexec ${Bun.which("docker")} "$@"\n`);
  await sandbox.fake("hostname", "#!/bin/sh\necho web1\n");
  await sandbox.fake("systemctl", "#!/bin/sh\nexit 0\n");
  const legacy = join(projectDirectory, "migrations-from-bash/docker-stacks/legacy");
  cpSync(legacy, sandbox.path("legacy"), { recursive: true });
}

async function measureShape(type: string, mount: string, shape: Shape): Promise<void> {
  const root = join(mount, "appdata/app");
  mkdirSync(root, { recursive: true });
  shape.make(root);
  startStack(root);
  const [facts] = await surveyRoots([root], surveyAccess());
  const outages = new Map<Way, Outage[]>();
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const way of ways) {
      if (isStrategy(way) && facts?.obstacles[way] !== undefined) continue;
      execFileSync("sync");
      const outage = await watchOutage(shape, root, way);
      console.error(`${type}, ${shape.name}, ${way}: ${JSON.stringify(outage)}`);
      outages.set(way, [...(outages.get(way) ?? []), outage]);
    }
  }
  engine.clear();
  for (const directory of [sandbox.path("jobs"), sandbox.path("old"), root])
    rmSync(directory, { recursive: true });
  printRow(type, shape, outages);
}

function isStrategy(way: Way): way is FreezeStrategy {
  return freezeStrategies.some((one) => one === way);
}

function startStack(root: string): void {
  const answer = "while read -r up idle </proc/uptime; do echo $$up; usleep 10000; done >>/beats/log";
  const volumes = `volumes: ["${root}:/data", "${beats}:/beats"]`;
  const command = `command: [sh, -c, "${answer}"]`;
  const definition = [service.replace(/, command: .*/, ""), command, "network_mode: none", volumes].join(
    ", ",
  );
  engine.up("app", `services: {app: ${definition}}}\n`);
  rmSync(join(stacks, "app"), { force: true });
  symlinkSync(join(engine.directory, "app"), join(stacks, "app"));
}

async function watchOutage(shape: Shape, root: string, way: Way): Promise<Outage> {
  for (const file of [stopping, changed]) rmSync(file, { force: true });
  truncateSync(join(beats, "log"));
  await waitFor(() => readBeats().length > 5, { what: "answers", timeoutMs: 30_000 });
  const backup = way === "legacy" ? runLegacy(root) : way === "restart" ? restart() : runOurs(root, way);
  const change = async () => {
    await waitFor(() => existsSync(stopping), { what: "a stop", timeoutMs: runTimeoutMs });
    shape.change(root);
    await sandbox.write("changed", "");
  };
  const [own] = await Promise.all([backup, change()]);
  const before = readBeats().length;
  await waitFor(() => readBeats().length > before, { what: "an answer", timeoutMs: 30_000 });
  const times = readBeats();
  const gaps = times.map((time, at) => time - (times[at - 1] ?? time));
  return { seconds: Math.max(...gaps), own };
}

/** In seconds since the machine was started. */
function readBeats(): number[] {
  return readFileSync(join(beats, "log"), "utf8").split("\n").filter(Boolean).map(Number);
}

function dockerEnvironment(): Readonly<Record<string, string>> {
  const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = engine.environment;
  return { DOCKER_HOST, DOCKER_CONFIG };
}

async function runCommand(command: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const child = Bun.spawn([...command], {
    env: { ...sandbox.environment, ...dockerEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const exitCode = await child.exited;
  if (exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${exitCode}: ${(await texts).join("")}`);
}

async function restart(): Promise<undefined> {
  const container = "app-app-1";
  await runCommand(["docker", "stop", container], {});
  await runCommand(["docker", "start", container], {});
}

/** With its own settings: an archive that is not compressed. */
async function runLegacy(root: string): Promise<undefined> {
  const lines = [
    `DOCKHAND_BASE=${sandbox.path("stacks")}`,
    `APPDATA_PATH=${join(root, "..")}`,
    `BACKUP_DEST=${sandbox.path("old")}`,
    `LOG_FILE=${sandbox.path("old.log")}`,
  ];
  await sandbox.write("legacy/config.sh", lines.join("\n"));
  await runCommand(["bash", sandbox.path("legacy/docker-stack-backup.sh")], {});
  rmSync(sandbox.path("old"), { recursive: true });
  mkdirSync(sandbox.path("old"));
}

/** Each way is a job of its own: what `auto` knows of earlier windows is its own. */
async function runOurs(root: string, way: FreezeSetting): Promise<Outage["own"]> {
  const backups = sandbox.path("jobs", way);
  const job = await createJob(
    { ...sandbox, path: (...parts) => sandbox.path("jobs", way, ...parts) },
    {
      APP_DIR: undefined,
      STACKS_DIR: sandbox.path("stacks"),
      APPDATA_DIR: join(root, ".."),
      STACK_BINDS: "none",
      STACK_FREEZE: way,
      KEEP_LAST: "1",
      VERIFY: "false",
    },
    way,
  );
  mkdirSync(backups, { recursive: true });
  await runCommand(
    [process.execPath, join(projectDirectory, "scripts/backup-run.ts"), "--config", job.config, "-q"],
    {},
  );
  const [set = ""] = job.sets();
  const [component] = readWindows(set);
  if (component === undefined) throw new Error(`There is no stack in "${set}"`);
  const { window, freeze } = component.facts;
  return { window: window.seconds, freeze: freeze.seconds, took: freeze.strategy };
}

function printRow(type: string, shape: Shape, outages: ReadonlyMap<Way, readonly Outage[]>): void {
  const median = (way: Way) => {
    const sorted = outages.get(way)?.toSorted((a, b) => a.seconds - b.seconds);
    return sorted?.[sorted.length >> 1];
  };
  const secondsOf = (way: Way) => median(way)?.seconds ?? Number.POSITIVE_INFINITY;
  const cells = ways.map((way) => {
    const seconds = median(way)?.seconds;
    return seconds === undefined
      ? "–"
      : `${seconds.toFixed(2)} s (${(secondsOf("legacy") / seconds).toFixed(1)}×)`;
  });
  const best = Math.min(...freezeStrategies.map(secondsOf));
  const auto = median("auto");
  const more = secondsOf("auto") - best;
  const ratio = `${(secondsOf("auto") / best).toFixed(2)} (${more < 0 ? "" : "+"}${more.toFixed(2)} s)`;
  // What of the outage is neither docker's stop and start nor the freeze.
  const own = auto?.own;
  const rest =
    own === undefined || own.took === "none"
      ? "–"
      : `${(secondsOf("auto") - own.freeze - secondsOf("restart")).toFixed(2)} s`;
  console.log(`| ${type} | ${shape.name} | ${cells.join(" | ")} | ${own?.took} | ${ratio} | ${rest} |`);
}
