#!/usr/bin/env bun
/**
 * How long a stack stands still while its data is frozen: each way on btrfs, XFS and ext4, for many small files and for few large
 * ones as they grow, against the legacy way (tar -czf while stopped), and what `auto` takes. Stop and start of containers are not
 * in it. Prints Markdown. Needs root and loop devices.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FreezeStrategy, freezeStrategies } from "#lib/core/freeze.ts";
import { planFreeze } from "#lib/core/freeze-plan.ts";
import { createFreezer } from "#lib/stacks/create-freezer.ts";
import { stackArchive } from "#lib/stacks/stack-archive.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";
import { childEnvironment, createTestJournal, freezeAccess, surveyAccess } from "#test/support/freezing.ts";
import { type Shape, shapes, withDisk } from "./stack-data.ts";

const { values } = parseArgs({
  options: {
    directory: { type: "string", default: "/var/tmp/lastgood-bench" },
    runs: { type: "string", default: "3" },
    only: { type: "string" },
  },
});

type Way = FreezeStrategy | "legacy";

const ways: readonly Way[] = ["legacy", ...freezeStrategies.toReversed()];
console.log(`| file system | data | ${ways.join(" | ")} | auto takes | auto / best |`);
console.log(`|---|---|${ways.map(() => "---").join("|")}|---|---|`);
for (const type of ["btrfs", "xfs", "ext4"]) {
  if (values.only !== undefined && values.only !== type) continue;
  await withDisk(values.directory, type, async (mount) => {
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
