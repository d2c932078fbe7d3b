#!/usr/bin/env bun
/**
 * Write what `cron.d/` and `systemd/` hold, by the code that `schedule install` uses: the default job, three times a day,
 * with the runtime wherever the machine has it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { formatCronFile } from "#lib/schedule/format-cron-file.ts";
import { formatUnits } from "#lib/schedule/format-units.ts";
import type { SchedulePlan } from "#lib/schedule/schedule-plan.ts";

const top = join(import.meta.dirname, "..");

/** Paths in the project and their texts. */
export function renderSchedules(): ReadonlyMap<string, string> {
  const expression = parseCronExpression("0 3,11,19 * * *");
  if ("problem" in expression || expression.kind === "boot") throw new Error("No times");
  const plan: SchedulePlan = {
    job: "backup",
    expression,
    delayMinutes: undefined,
    launcher: ["bun"],
    scripts: "/opt/lastgood/scripts",
    logFile: "/var/log/backup-run.log",
    runTimeoutMs: 12 * 3_600_000,
    busyExit: 75,
  };
  // The same file on every host: systemd spreads them.
  const units = [...formatUnits({ ...plan, delayMinutes: 45 })];
  return new Map([
    ["cron.d/lastgood-backup", formatCronFile(plan)],
    ...units.map(([name, text]) => [`systemd/${name}`, text] as const),
  ]);
}

if (import.meta.main) {
  for (const [path, text] of renderSchedules()) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  }
}
