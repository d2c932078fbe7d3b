import { OpsError } from "#lib/core/ops-error.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import { applyChanges, listActs } from "#lib/cron/changes.ts";
import type { Machine } from "#lib/cron/machine.ts";
import { readJobFlag, requireRoot } from "#lib/schedule/flags.ts";
import { findHealth, findOwn, hasOtherJobs, removeOwn } from "#lib/schedule/own-files.ts";
import { isOwnHealthText, isOwnText } from "#lib/schedule/schedule-plan.ts";
import { openMachine } from "#lib/schedule/survey.ts";

/** Take away what install wrote for a job, and with the last job the health check; what others wrote stays. */
export async function removeSchedule(tool: Tool): Promise<ToolResult> {
  const job = readJobFlag(tool);
  requireRoot(tool, "remove");
  const machine = openMachine(tool);
  const present = await findOwn(machine, job);
  const own = [...present].filter(([, text]) => isOwnText(text, job)).map(([path]) => path);
  const paths = [...own, ...(await findHealthOfLastJob(machine, job))];
  if (paths.length === 0) {
    throw new OpsError(`The job ${job} has no schedule that was installed here`, {
      outcome: "failed",
      hint: "schedule show says what starts it",
    });
  }
  const changes = removeOwn(machine, paths);
  const isDryRun = tool.flags["dry-run"] === true;
  if (!isDryRun) await applyChanges(changes);
  return {
    outcome: "complete",
    text: `${listActs(changes, isDryRun).join("\n")}\n`,
    json: { schema: 1, job, isDryRun, changes: changes.map(({ what }) => what) },
  };
}

async function findHealthOfLastJob(machine: Machine, job: string): Promise<readonly string[]> {
  if (await hasOtherJobs(machine, job)) return [];
  const health = await findHealth(machine);
  return [...health].filter(([, text]) => isOwnHealthText(text)).map(([path]) => path);
}
