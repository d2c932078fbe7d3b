import type { Settings } from "#lib/config/schema.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { StagePlan } from "#lib/core/stage.ts";
import { titleOf } from "#lib/predeploy/run-host.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

/** Ask whoever sits at the terminal. Throws OpsError "failed" for everything but a yes; nobody there is a yes. */
export async function askFirst(
  { log, operator }: RunContext<Settings>,
  plan: StagePlan,
  targets: readonly ManagerTarget[],
): Promise<void> {
  const where = targets.map((target) =>
    target.kind === "host" ? target.host : `this ${placeNames[target.kind]}`,
  );
  for (const stage of plan.stages) {
    const what = [...stage.units, ...stage.jobs, ...stage.commands.map((words) => words.join(" "))];
    log.info("stage.planned", `${titleOf(stage)}: ${what.join(", ")}`);
  }
  const answer = await operator.confirm(`Run these backups now on ${where.join(", ")}?`);
  if (answer === undefined || answer) return;
  throw new OpsError("Not confirmed: nothing was started", {
    outcome: "failed",
    hint: "Answer y, or give --yes",
  });
}

const placeNames = { system: "system", user: "user's manager" } as const;
