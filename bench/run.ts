#!/usr/bin/env bun
/**
 * Measure our backup against the legacy one and against the limit, on data made for it, and print Markdown.
 *
 * Each round runs every contender once, so that what else the machine does meets all of them. Ours competes twice: as
 * the legacy flow does its work (second copy, verified), and as the bare pipeline does (one copy, not verified).
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeData, type SizeGb } from "./make-data.ts";
import { type Measurement, measure } from "./measure.ts";

/** Measurements of their own, each with its own options: `npm run bench -- window --only ext4`. */
const others = [
  "app-backup",
  "freeze",
  "health",
  "many-stacks",
  "predeploy",
  "restore",
  "row-counts",
  "window",
] as const;

const usage =
  "Usage: bun bench/run.ts [--directory DIR] [--runs N] [--only NAME[,NAME…]] [--skip-8gb]\n" +
  `       bun bench/run.ts ${others.join(" | ")} [OPTIONS of its own]`;

type Name = "legacy" | "bare" | "floor" | "ours" | "ours-unverified";

interface Contender {
  readonly name: Name;
  readonly what: string;
  /** Prepare the empty directory `output` and say what to run. */
  readonly prepare: (data: string, output: string) => readonly string[];
}

const contenders: readonly Contender[] = [
  {
    name: "legacy",
    what: "the legacy flow: archive of an archive, hash, second copy, check",
    prepare: (data, output) => [
      script("legacy-backup.sh"),
      data,
      join(output, "first"),
      join(output, "second"),
    ],
  },
  {
    name: "ours",
    what: "ours: the same, each byte read once, both copies verified",
    prepare: (data, output) =>
      ourBackup(data, output, { SECONDARY_DIR: join(output, "second"), APP_EXCLUDES: excludes }),
  },
  {
    name: "bare",
    what: "`tar \\| zstd -T0 -3 \\| tee \\| sha256sum`, one copy",
    prepare: (data, output) => [script("bare-pipeline.sh"), data, output],
  },
  {
    name: "ours-unverified",
    what: "ours: one copy, `VERIFY=false`",
    prepare: (data, output) => ourBackup(data, output, { VERIFY: "false" }),
  },
  {
    name: "floor",
    what: "`tar --acls --xattrs --sparse … \\| zstd -T0 -3`, no hash",
    prepare: (data, output) => [script("floor.sh"), data, output],
  },
];

/** What the legacy flow leaves out. */
const excludes = [
  "storage/framework/cache/*",
  "storage/framework/sessions/*",
  "storage/framework/views/*",
  "storage/logs/*.log",
  ".git",
].join("\n");

const [first, ...rest] = process.argv.slice(2);
const other = others.find((name) => name === first);
const { values } = parseArgs({
  args: other === undefined ? process.argv.slice(2) : [],
  options: {
    directory: { type: "string", default: "/var/tmp/lastgood-bench" },
    runs: { type: "string", default: "5" },
    only: { type: "string" },
    "skip-8gb": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (other !== undefined) runOther(other);
else if (values.help) console.log(usage);
else await main();

async function main(): Promise<void> {
  const runs = Number(values.runs);
  const chosen = contenders.filter(({ name }) => values.only?.split(",").includes(name) ?? true);
  if (!Number.isInteger(runs) || runs < 1 || chosen.length === 0) throw new Error(usage);
  const results = await runRounds(chosen, readyData(1), runs);
  printMachine(runs);
  printTimes(chosen, results);
  printRatios(results);
  if (chosen.some(({ name }) => name === "ours")) await printMemory(results, values["skip-8gb"]);
}

function runOther(name: (typeof others)[number]): void {
  const { status } = spawnSync(process.execPath, [script(`${name}.ts`), ...rest], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

function script(name: string): string {
  return join(import.meta.dir, name);
}

function ourBackup(
  data: string,
  output: string,
  settings: Readonly<Record<string, string>>,
): readonly string[] {
  const all = {
    JOB: "bench",
    APP_DIR: data,
    BACKUP_DIR: join(output, "first"),
    STATE_DIR: join(output, "state"),
    LOG_FILE: join(output, "backup-run.log"),
    LOCK_FILE: join(output, "lock"),
    MIN_FREE_GB: "0",
    KEEP_LAST: "1",
    ...settings,
  };
  for (const directory of ["first", "second"]) mkdirSync(join(output, directory));
  const file = join(output, "bench.env");
  const lines = Object.entries(all).map(([key, value]) => `${key}="${value}"\n`);
  writeFileSync(file, lines.join(""), { mode: 0o600 });
  return [process.execPath, resolve(import.meta.dir, "../scripts/backup-run.ts"), "--config", file, "-q"];
}

/** Data of that size, made where it is missing, and in the page cache. */
function readyData(sizeGb: SizeGb): string {
  const data = join(values.directory, `data-${sizeGb}gb`);
  const marker = `${data}.complete`;
  if (!existsSync(marker)) {
    console.error(`Making ${sizeGb} GB of data in ${data}`);
    rmSync(data, { recursive: true, force: true });
    makeData(data, sizeGb);
    writeFileSync(marker, "");
  }
  execFileSync("sh", ["-c", 'tar -C "$1" -cf - . | cat >/dev/null', "sh", data]);
  return data;
}

type Results = ReadonlyMap<Name, readonly Measurement[]>;

async function runRounds(chosen: readonly Contender[], data: string, runs: number): Promise<Results> {
  const results = new Map<Name, Measurement[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 1; round <= runs; round += 1) {
    for (const contender of chosen) {
      const result = await runOnce(contender, data);
      results.get(contender.name)?.push(result);
      console.error(`round ${round}: ${contender.name} ${result.seconds.toFixed(2)} s`);
    }
  }
  return results;
}

async function runOnce({ name, prepare }: Contender, data: string): Promise<Measurement> {
  const output = join(values.directory, `output-${name}`);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const command = prepare(data, output);
  // What earlier runs left to be written is not charged to this one.
  execFileSync("sync");
  try {
    return await measure(command);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

function printMachine(runs: number): void {
  const [first] = cpus();
  const memoryGb = Math.round(totalmem() / 1024 ** 3);
  console.log(
    `${cpus().length} × ${first?.model}, ${memoryGb} GB, Linux ${release()}, Bun ${Bun.version}; ${runs} rounds, warm cache\n`,
  );
}

function printTimes(chosen: readonly Contender[], results: Results): void {
  console.log("| contender | | median s | min | max |\n|---|---|---|---|---|");
  for (const { name, what } of chosen) {
    const seconds = secondsOf(results, name);
    const figures = [median(seconds), Math.min(...seconds), Math.max(...seconds)].map((value) =>
      value.toFixed(2),
    );
    console.log(`| ${name} | ${what} | ${figures.join(" | ")} |`);
  }
}

function printRatios(results: Results): void {
  console.log("\n| ratio of the medians | |\n|---|---|");
  for (const [one, other] of [
    ["legacy", "ours"],
    ["ours-unverified", "bare"],
    ["ours-unverified", "floor"],
  ] as const) {
    if (!(results.has(one) && results.has(other))) continue;
    const ratio = median(secondsOf(results, one)) / median(secondsOf(results, other));
    console.log(`| ${one} ÷ ${other} | ${ratio.toFixed(2)} |`);
  }
}

/** Flat memory is a promise: the peak must not grow with the data. */
async function printMemory(results: Results, isShort: boolean): Promise<void> {
  const ours = contenders.filter(({ name }) => name === "ours");
  const rows = [["1", peakOf(results)]];
  if (!isShort) rows.push(["8", peakOf(await runRounds(ours, readyData(8), 1))]);
  console.log("\n| data, GB | peak memory of our process, MB |\n|---|---|");
  for (const [sizeGb, peakMb] of rows) console.log(`| ${sizeGb} | ${peakMb} |`);
}

function peakOf(results: Results): string {
  return Math.max(...(results.get("ours") ?? []).map(({ peakMb }) => peakMb)).toFixed(0);
}

function secondsOf(results: Results, name: Name): readonly number[] {
  return (results.get(name) ?? []).map(({ seconds }) => seconds);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}
