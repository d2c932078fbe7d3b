/** What comes with a schedule: the weekly drill of the job, and the one health check of the host. */
import { type CronExpression, parseCronExpression } from "#lib/core/cron-expression.ts";
import { planDrillTime } from "#lib/core/drill-time.ts";
import { hostMinute } from "#lib/core/host-minute.ts";
import { configOf, placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { Machine } from "#lib/cron/machine.ts";
import { findHealth, healthPaths, ownPathsOf } from "#lib/schedule/own-files.ts";
import { isOwnHealthText } from "#lib/schedule/schedule-plan.ts";

/** A time at which something is to start, or why it is left as it is. */
export type PlannedCheck =
  | { readonly expression: CronExpression; readonly note: undefined }
  | { readonly expression: undefined; readonly note: string };

interface DrilledJob {
  readonly name: string;
  readonly config: string;
  readonly host: string;
  readonly expression: CronExpression;
}

/** Weekly, in a minute of the host's own. */
export function planDrill(
  entries: readonly ScheduleEntry[],
  { name, config, host, expression }: DrilledJob,
): PlannedCheck {
  const own = ownPathsOf(name);
  const other = findCheck(
    entries,
    /^restore(\.ts)?$/,
    (entry) => configOf(entry) === config && !own.includes(entry.file),
  );
  if (other !== undefined) return leave(`${placeOf(other)} drills the job ${name} already`);
  return at(planDrillTime(expression, hostMinute(host, `drill ${name}`)));
}

/** Twice an hour, in minutes of the host's own. Throws OpsError "failed". */
export async function planHealth(
  machine: Machine,
  entries: readonly ScheduleEntry[],
  host: string,
): Promise<PlannedCheck> {
  const isOfHost = ({ user, backup, file }: ScheduleEntry) =>
    (user ?? "root") === "root" && backup.config === undefined && !healthPaths.includes(file);
  const other = findCheck(entries, /^health-check(\.ts)?$/, isOfHost);
  if (other !== undefined) return leave(`${placeOf(other)} checks the health of all jobs already`);
  const foreign = [...(await findHealth(machine))].find(([, text]) => !isOwnHealthText(text));
  if (foreign !== undefined) return leave(`${foreign[0]} is your own: the health check stays as it says`);
  const minute = hostMinute(host, "health-check") % 30;
  return at(`${minute},${minute + 30} * * * *`);
}

function findCheck(
  entries: readonly ScheduleEntry[],
  program: RegExp,
  isMeant: (entry: ScheduleEntry) => boolean,
): ScheduleEntry | undefined {
  return entries.find(
    (entry) => entry.flaw === undefined && program.test(entry.backup.program) && isMeant(entry),
  );
}

function at(times: string): PlannedCheck {
  const expression = parseCronExpression(times);
  if ("problem" in expression || expression.kind === "boot") throw new Error(`"${times}" has no times`);
  return { expression, note: undefined };
}

function leave(note: string): PlannedCheck {
  return { expression: undefined, note };
}
