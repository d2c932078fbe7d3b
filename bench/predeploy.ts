#!/usr/bin/env bun
/**
 * Measure how well stages are filled, and what following a unit costs, on a real systemd; print Markdown.
 *
 * The limit of a schedule is what the durations of the units allow: the longest where all run at the same time, the best of
 * all distributions where three do. The legacy script runs without its check of unset variables, which would end it.
 */
import { parseArgs } from "node:util";
import {
  defineUnits,
  everyUnit,
  mountNas,
  pgbackrest,
  restics,
  sanoid,
  syncoids,
} from "#test/support/predeploy-units.ts";
import { oneshot, type SystemdMachine, startSystemdMachines } from "#test/support/systemd-machine.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "3" }, scale: { type: "string", default: "1" } },
});
const runs = Number(values.runs);
/** Backups take minutes: the more, the less does it matter what a start costs. */
const scale = Number(values.scale);
const unitCount = 200;
const seconds: Readonly<Record<string, number>> = {
  [sanoid]: 1,
  ...Object.fromEntries(syncoids.map((unit, index) => [unit, index + 1])),
  [pgbackrest]: 4,
  ...Object.fromEntries(restics.map((unit, index) => [unit, [2, 9, 3, 7, 4, 5][index] ?? 1])),
};
const legacy = "/opt/lastgood/migrations-from-bash/predeploy/legacy/backup-orchestrator.sh";

/** Prints the most memory that the script held. */
const withPeak =
  "bun /opt/lastgood/scripts/predeploy-backup.ts >/dev/null 2>&1 & pid=$!; peak=0; " +
  "while now=$(grep VmHWM /proc/$pid/status 2>/dev/null); do set -- $now; peak=$2; sleep 0.05; done; echo $peak";

await using machines = await startSystemdMachines();
const machine = await machines.boot("forge");
mountNas(machine, { backup: "60g", postgresql: "25g" });
const lines = [...(await measureSchedule(machine)), "", ...(await measureOverhead(machine))];
console.log(lines.join("\n"));

async function measureSchedule(on: SystemdMachine): Promise<string[]> {
  on.clear();
  defineUnits(
    on,
    Object.fromEntries(everyUnit.map((unit) => [unit, `sleep ${(seconds[unit] ?? 0) * scale}`])),
  );
  on.units(
    Object.fromEntries(everyUnit.map((unit) => [`${unit}.timer`, "[Timer]\nOnCalendar=2099-01-01\n"])),
  );
  on.shell(`systemctl start ${everyUnit.map((unit) => `${unit}.timer`).join(" ")}`);
  const lengths = (units: readonly string[]) => units.map((unit) => (seconds[unit] ?? 0) * scale);
  const limit =
    lengths([sanoid, pgbackrest]).reduce((sum, one) => sum + one, 0) +
    Math.max(...lengths(syncoids)) +
    bestSplit(lengths(restics), [0, 0, 0]);
  const ours: number[] = [];
  for (let run = 0; run <= runs; run += 1) ours.push(await time(() => runOurs(on)));
  const legacySeconds = await time(async () =>
    on.tryShell(`sed 's/^set -euo/set -eo/' ${legacy} | bash >/dev/null`, { timeoutMs: 300_000 }),
  );
  const row = (what: string, value: number) =>
    `| ${what} | ${value.toFixed(1)} | ${(value / limit).toFixed(3)} |`;
  const [first = 0, ...later] = ours;
  return [
    "| schedule of 1 + 7 + 1 + 6 units | s | ÷ limit |",
    "|---|---|---|",
    row("what the durations allow", limit),
    row("ours, first run (no durations known)", first),
    row(`ours, median of ${runs} later runs`, median(later)),
    row("legacy, without its check of unset variables", legacySeconds),
  ];
}

async function measureOverhead(on: SystemdMachine): Promise<string[]> {
  on.clear();
  const names = Array.from(
    { length: unitCount },
    (_, index) => `many-${String(index).padStart(3, "0")}.service`,
  );
  on.units(Object.fromEntries(names.map((name) => [name, oneshot("true")])));
  const stages = (limit: number) => `stages: [{ title: Many, units: [many-*], limit: ${limit} }]\n`;
  const rows: string[] = [];
  for (const limit of [1, 20, unitCount]) {
    on.write("/etc/lastgood/stages.yaml", stages(limit));
    const peaks: number[] = [];
    const elapsed = await time(async () => {
      peaks.push(Number(on.shell(`PREDEPLOY_STAGES=/etc/lastgood/stages.yaml sh -c '${withPeak}'`)));
    });
    rows.push(
      `| ours, ${limit} at the same time | ${((elapsed * 1000) / unitCount).toFixed(1)} | ${Math.round((peaks[0] ?? 0) / 1024)} |`,
    );
  }
  const bare = await time(async () =>
    on.shell(`for unit in ${names.join(" ")}; do systemctl start $unit; done`),
  );
  return [
    `| ${unitCount} units that do nothing | ms for each | peak MB |`,
    "|---|---|---|",
    ...rows,
    `| systemctl start, one after another | ${((bare * 1000) / unitCount).toFixed(1)} | |`,
  ];
}

async function runOurs(on: SystemdMachine): Promise<void> {
  const { exitCode, stderr } = await on.run("bun", "scripts/predeploy-backup.ts", []);
  if (exitCode !== 0) throw new Error(`predeploy-backup ended with ${exitCode}: ${stderr}`);
}

async function time(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}

/** The shortest time in which so many places can do all of it. */
function bestSplit([first, ...rest]: readonly number[], loads: readonly number[]): number {
  if (first === undefined) return Math.max(...loads);
  return Math.min(...loads.map((load, at) => bestSplit(rest, loads.with(at, load + first))));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
