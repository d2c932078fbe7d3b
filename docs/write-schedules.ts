#!/usr/bin/env bun
/**
 * Write what `schedule install` would write, by the same code, into `cron.d/` and `systemd/`: the default job three times a day
 * with its drill, and the health check, with the runtime wherever the machine has it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CronExpression, parseCronExpression } from "#lib/core/cron-expression.ts";
import { formatCronFile } from "#lib/schedule/format-cron-file.ts";
import { formatHealthCronFile, formatHealthUnits } from "#lib/schedule/format-health.ts";
import { formatUnits } from "#lib/schedule/format-units.ts";
import type { SchedulePlan } from "#lib/schedule/schedule-plan.ts";

const top = join(import.meta.dirname, "..");

/** Paths in the project and their texts. */
export function renderSchedules(): ReadonlyMap<string, string> {
  const program = { launcher: ["bun"], scripts: "/opt/lastgood/scripts" } as const;
  const plan: SchedulePlan = {
    ...program,
    job: "backup",
    expression: readTimes("0 3,11,19 * * *"),
    drill: readTimes("30 5 * * 0"),
    delayMinutes: undefined,
    logFile: "/var/log/backup-run.log",
    runTimeoutMs: 12 * 3_600_000,
    busyExit: 75,
  };
  const health = { ...program, expression: readTimes("*/30 * * * *"), delayMinutes: undefined };
  // The same files on every host: systemd spreads them.
  const units = [
    ...formatUnits({ ...plan, delayMinutes: 45 }),
    ...formatHealthUnits({ ...health, delayMinutes: 15 }),
  ];
  return new Map([
    ["cron.d/lastgood-backup", formatCronFile(plan)],
    ["cron.d/lastgood-health", formatHealthCronFile(health)],
    ...units.map(([name, text]) => [`systemd/${name}`, text] as const),
  ]);
}

function readTimes(text: string): CronExpression {
  const expression = parseCronExpression(text);
  if ("problem" in expression || expression.kind === "boot") throw new Error(`"${text}" has no times`);
  return expression;
}

if (import.meta.main) {
  for (const [path, text] of renderSchedules()) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  }
}
