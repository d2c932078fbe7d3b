#!/usr/bin/env bun
/**
 * How long a stack stands still while its data is frozen: each way on btrfs, XFS and ext4, for many small files and for few large
 * ones as they grow, against the legacy way (tar -czf while stopped), and what `auto` takes. Stop and start of containers are not
 * in it. Prints Markdown. Needs root and loop devices.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FreezeStrategy, freezeStrategies } from "#lib/core/freeze.ts";
import { planFreeze } from "#lib/core/freeze-plan.ts";
import { createFreezer } from "#lib/stacks/create-freezer.ts";
import { stackArchive } from "#lib/stacks/stack-archive.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";
import { childEnvironment, createTestJournal, freezeAccess, surveyAccess } from "#test/support/freezing.ts";
import { makeData } from "./make-data.ts";

const { values } = parseArgs({
  options: {
    directory: { type: "string", default: "/var/tmp/lastgood-bench" },
    runs: { type: "string", default: "3" },
    only: { type: "string" },
  },
});

type Way = FreezeStrategy | "legacy";

interface Shape {
  readonly name: string;
  readonly make: (root: string) => void;
  /** What the stack changes between the copy and its stop: two of a hundred. */
  readonly change: (root: string) => void;
}

const largeFiles = 8;
const chunk = Buffer.alloc(1024 * 1024);

const shapes: readonly Shape[] = [
  { name: "60,000 small files, 1 GB", make: (root) => makeData(root, 1), change: changeFiles },
  ...[1, 2, 4].map(
    (gigabytes): Shape => ({
      name: `${largeFiles} large files, ${gigabytes} GB`,
      make: (root) => makeLargeFiles(root, gigabytes),
      change: changeParts,
    }),
  ),
];

const ways: readonly Way[] = ["legacy", ...freezeStrategies.toReversed()];
console.log(`| file system | data | ${ways.join(" | ")} | auto takes | auto / best |`);
console.log(`|---|---|${ways.map(() => "---").join("|")}|---|---|`);
for (const type of ["btrfs", "xfs", "ext4"]) {
  if (values.only !== undefined && values.only !== type) continue;
  await withDisk(type, async (mount) => {
    for (const shape of shapes) await measureShape(type, mount, shape);
  });
}

async function measureShape(type: string, mount: string, shape: Shape): Promise<void> {
  const root = join(mount, "app");
  mkdirSync(root);
  shape.make(root);
  const facts = await surveyRoots([root], surveyAccess());
  const seconds = new Map<Way, number[]>();
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const way of ways) {
      // Once: it takes as long as all the others together.
      if (way === "legacy" ? run > 0 : facts[0]?.obstacles[way] !== undefined) continue;
      execFileSync("sync");
      const took = way === "legacy" || way === "none" ? archive(root, way) : await freeze(way);
      seconds.set(way, [...(seconds.get(way) ?? []), took]);
    }
  }
  async function freeze(way: FreezeStrategy): Promise<number> {
    const freezer = createFreezer(planFreeze(facts, [], way), freezeAccess(createTestJournal()));
    await freezer.prepare();
    shape.change(root);
    const { strategy, measured, notes } = await freezer.freeze();
    if (strategy !== way || measured === undefined) throw new Error(`No ${way}: ${notes.join("; ")}`);
    const left = await freezer.release();
    if (left.length > 0) throw new Error(left.join("; "));
    return measured.seconds;
  }
  rmSync(root, { recursive: true });
  const median = (way: Way) => {
    const sorted = seconds.get(way)?.toSorted((a, b) => a - b);
    return sorted?.[sorted.length >> 1];
  };
  const legacy = median("legacy") ?? 0;
  const cells = ways.map((way) => {
    const took = median(way);
    return took === undefined ? "–" : `${took.toFixed(2)} s (${(legacy / took).toFixed(1)}×)`;
  });
  const { strategy } = planFreeze(facts, [], "auto");
  const best = Math.min(...freezeStrategies.map((way) => median(way) ?? Number.POSITIVE_INFINITY));
  const taken = median(strategy) ?? 0;
  const ratio = `${(taken / best).toFixed(2)} (+${(taken - best).toFixed(2)} s)`;
  console.log(`| ${type} | ${shape.name} | ${cells.join(" | ")} | ${strategy} | ${ratio} |`);
}

/** Archive the data where it lies; the seconds that it took. */
function archive(root: string, way: "legacy" | "none"): number {
  const output = join(values.directory, "window.tar");
  const { producer } = stackArchive({
    roots: [{ original: root, frozen: root }],
    definition: [],
    excludes: [],
  });
  const command = way === "legacy" ? ["tar", "-czf", output, "-C", root, "."] : producer;
  const script = way === "legacy" ? '"$@"' : '"$@" | zstd -3 -T0 -q >"$0"';
  const startedAt = performance.now();
  execFileSync("sh", ["-c", script, output, ...command], {
    stdio: ["ignore", "ignore", "ignore"],
    env: { ...childEnvironment, LC_ALL: "C" },
  });
  const took = (performance.now() - startedAt) / 1000;
  rmSync(output);
  return took;
}

function makeLargeFiles(root: string, gigabytes: number): void {
  const megabytes = (gigabytes * 1024) / largeFiles;
  for (let index = 0; index < largeFiles; index += 1) {
    const file = openSync(join(root, `table-${index}`), "w");
    for (let written = 0; written < megabytes; written += 1)
      writeSync(file, fill(index * megabytes + written));
    closeSync(file);
  }
}

/** Half of it compresses, half does not. */
function fill(seed: number): Buffer {
  crypto.getRandomValues(new Uint8Array(chunk.buffer, chunk.byteOffset, 65_536));
  for (let at = 65_536; at < chunk.length / 2; at *= 2) chunk.copy(chunk, at, 0, at);
  return chunk.fill(`row ${seed} `, chunk.length / 2);
}

function changeFiles(root: string): void {
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }) as string[];
  for (const name of names.filter((_, index) => index % 50 === 0)) {
    if (!statSync(join(root, name)).isFile()) continue;
    const file = openSync(join(root, name), "a");
    writeSync(file, "x");
    closeSync(file);
  }
}

/** Two of a hundred bytes of each file, where they lie. */
function changeParts(root: string): void {
  for (const name of readdirSync(root)) {
    const file = openSync(join(root, name), "r+");
    const { size } = statSync(join(root, name));
    for (let at = 0; at < size; at += 50 * chunk.length) writeSync(file, chunk, 0, chunk.length, at);
    closeSync(file);
  }
}

async function withDisk(type: string, body: (mount: string) => Promise<void>): Promise<void> {
  const [image, mount] = [join(values.directory, `${type}.img`), join(values.directory, type)];
  mkdirSync(mount, { recursive: true });
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, { stdio: "ignore" });
  run("truncate", "--size=16G", image);
  try {
    run(`mkfs.${type}`, "-q", image);
    run("mount", "-o", "loop", image, mount);
    try {
      await body(mount);
    } finally {
      run("umount", mount);
    }
  } finally {
    rmSync(image);
  }
}
