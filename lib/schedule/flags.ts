/** Flags of `schedule`, read where they are used. Each throws OpsError "usage" or "denied". */
import { type CronExpression, parseCronExpression } from "#lib/core/cron-expression.ts";
import { hostMinute } from "#lib/core/host-minute.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { Tool } from "#lib/core/tool.ts";

/** Who owns the schedule of a job. */
export type Owner = "cron" | "systemd";

const defaultTimes = "H 3 * * *";

export function readJobFlag({ flags }: Tool): string {
  const job = flags["job"] ?? "backup";
  if (typeof job === "string" && /^[a-z0-9][a-z0-9._-]{0,63}$/.test(job)) return job;
  throw usage(`--job ${job} is no name of a job`, "Give the name of a file in /etc/lastgood, without .env");
}

export function readOwnerFlag({ flags }: Tool): Owner {
  const owner = flags["with"] ?? "cron";
  if (owner === "cron" || owner === "systemd") return owner;
  throw usage(`--with ${owner} is neither cron nor systemd`, "See --help");
}

/** `--at`; `H` in it stands for a minute that host and job decide, which are known later. */
export function readTimes({ flags }: Tool): (host: string, job: string) => CronExpression {
  const given = flags["at"];
  const text = typeof given === "string" ? given.trim() : defaultTimes;
  const parse = (minute: number) => readExpression(text, text.replace(/^H(?=\s)/, String(minute)));
  parse(0);
  return (host, job) => parse(hostMinute(host, job));
}

function readExpression(given: string, text: string): CronExpression {
  const expression = parseCronExpression(text);
  if ("problem" in expression) throw usage(`--at "${given}" is no schedule: ${expression.problem}`, example);
  if (expression.kind === "boot") throw usage(`--at "${given}" has no times`, example);
  if (expression.isNever) throw usage(`--at "${given}" never comes: no date matches`, example);
  return expression;
}

const example =
  'Give five fields as in a crontab, H for a minute of this host\'s own: --at "H 3,11,19 * * *"';

/** Schedules belong to root, also on the root of another machine. */
export function requireRoot({ caller }: Tool, action: string): void {
  if (caller.uid === 0) return;
  throw new OpsError(`Only root may ${action} a schedule`, {
    outcome: "denied",
    hint: "Run as root; without it, put a line into your own crontab by crontab -e",
  });
}

function usage(message: string, hint: string): OpsError {
  return new OpsError(message, { outcome: "usage", hint });
}
