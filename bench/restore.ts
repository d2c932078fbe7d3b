#!/usr/bin/env bun
/**
 * Our restore against the bare pipeline with the same flags: whole sets, and one file out of 1 GB. Prints Markdown.
 *
 * Ours verifies the set's SHA-256, judges every member and waits for the medium. So each round has the pipeline twice: as it is,
 * and followed by the same `sync`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createJob } from "#test/support/job.ts";
import { createSandbox, projectDirectory, type Sandbox } from "#test/support/sandbox.ts";
import { makeData } from "./make-data.ts";
import { type Measurement, measure } from "./measure.ts";

const { values } = parseArgs({
  options: {
    directory: { type: "string", default: "/var/tmp/lastgood-bench" },
    runs: { type: "string", default: "5" },
    only: { type: "string" },
  },
});

interface Kind {
  readonly name: string;
  readonly excludes: readonly string[];
  /** What is restored; all when there is none. */
  readonly path?: string;
}

/** A small file in the middle of the archive's names. */
const oneFile = "node_modules/package-40-2/dist/module-1/file-32333.js";
const kinds: readonly Kind[] = [
  { name: "60,000 small files and few large ones", excludes: [] },
  { name: "60,000 small files", excludes: ["storage", "database"] },
  { name: "one file of the first", excludes: [], path: oneFile },
];

const contenders = ["plain", "plain and sync", "ours on Bun", "ours on Deno"] as const;
type Contender = (typeof contenders)[number];

const chosen = contenders.filter((name) => values.only?.split(",").includes(name) ?? true);
const data = join(values.directory, "data-1gb");
if (!existsSync(`${data}.complete`)) {
  makeData(data, 1);
  writeFileSync(`${data}.complete`, "");
}
const work = join(values.directory, "restore");
const target = join(work, "target");
await using sandbox = await createSandbox();
try {
  console.log(`${cpus().length} processors, Bun ${Bun.version}, ${values.runs} rounds, warm cache\n`);
  console.log(
    "| what | contender | median s | ÷ plain | ÷ plain and sync | processor s | peak MB of our process | load |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const kind of kinds) await measureKind(kind);
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function measureKind(kind: Kind): Promise<void> {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, "sets"), { recursive: true });
  const set = await makeSet(sandbox, kind);
  const results = new Map<Contender, Measurement[]>(chosen.map((name) => [name, []]));
  for (let round = 1; round <= Number(values.runs); round += 1) {
    for (const name of round % 2 === 0 ? chosen : chosen.toReversed()) {
      const result = await runOnce(commandOf(name, set, kind), set);
      results.get(name)?.push(result);
      console.error(`${kind.name}: round ${round}: ${name} ${result.seconds.toFixed(2)} s`);
    }
  }
  const [load = 0] = loadavg();
  for (const [name, measured] of results) {
    const cells = [
      kind.name,
      name,
      median(measured.map(({ seconds }) => seconds)).toFixed(2),
      ratio(measured, results.get("plain")),
      ratio(measured, results.get("plain and sync")),
      median(measured.map(({ processorSeconds }) => processorSeconds)).toFixed(2),
      name.startsWith("ours") ? Math.max(...measured.map(({ peakMb }) => peakMb)).toFixed(0) : "",
      load.toFixed(1),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

/** Directory of a set that our own backup has made. */
async function makeSet(made: Sandbox, { excludes }: Kind): Promise<string> {
  const job = await createJob(made, {
    APP_DIR: data,
    BACKUP_DIR: join(work, "sets"),
    APP_EXCLUDES: excludes.join("\n"),
    SYSTEM_STATE: "false",
    MIN_FREE_GB: "0",
  });
  const { exitCode, stderr } = await made.run("bun", "scripts/backup-run.ts", ["-c", job.config, "-q"]);
  if (exitCode !== 0) throw new Error(stderr);
  const found = readdirSync(join(work, "sets"), { recursive: true, encoding: "utf8" });
  const manifest = found.find((name) => name.endsWith("manifest.json"));
  if (manifest === undefined) throw new Error("Our backup made no set");
  return join(work, "sets", manifest, "..");
}

function commandOf(name: Contender, set: string, { path }: Kind): readonly string[] {
  const archive = join(set, "application.tar.zst");
  if (name === "plain" || name === "plain and sync") {
    const sync = name === "plain" ? "" : '; sync --file-system "$2"';
    const flags =
      "--same-permissions --numeric-owner --same-owner --delay-directory-restore --acls --xattrs --xattrs-include='*'";
    const script = `set -eo pipefail; mkdir "$2"; zstd -q -d -c "$1" | tar -x -C "$2" ${flags} "\${@:3}"${sync}`;
    return ["bash", "-c", script, "plain", archive, target, ...(path === undefined ? [] : [`./${path}`])];
  }
  const runtime = name === "ours on Bun" ? "bun" : "deno";
  const binary = join(projectDirectory, "node_modules/.bin", runtime);
  return [
    ...(runtime === "bun" ? [process.execPath] : [binary, "run", "-A"]),
    join(projectDirectory, "scripts/restore.ts"),
    "restore",
    "latest",
    ...(path === undefined ? [] : [path]),
    "--from",
    join(work, "sets"),
    "--to",
    target,
    "--trust",
  ];
}

async function runOnce(command: readonly string[], set: string): Promise<Measurement> {
  rmSync(target, { recursive: true, force: true });
  // What earlier runs left to be written is not charged to this one, and all of them find the archive in memory.
  execFileSync("sh", ["-c", 'sync; cat "$1"/* >/dev/null', "sh", set]);
  return measure(command);
}

/** Median of the ratios within the rounds. */
function ratio(measured: readonly Measurement[], other: readonly Measurement[] | undefined): string {
  if (other === undefined || other === measured) return "";
  return median(
    measured.map(({ seconds }, round) => seconds / (other[round]?.seconds ?? Number.NaN)),
  ).toFixed(2);
}

/** Of an even count the mean of the two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return (at(Math.floor((sorted.length - 1) / 2)) + at(Math.floor(sorted.length / 2))) / 2;
}
