/** Run every backup of a host, or of several, in stages, and say whether they may be deployed to. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { readStageFile, shippedStages } from "#lib/config/stage-file.ts";
import { mapBounded } from "#lib/core/map-bounded.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { askFirst } from "#lib/predeploy/ask-first.ts";
import { describeRun } from "#lib/predeploy/describe-run.ts";
import { dryRunHost } from "#lib/predeploy/dry-run.ts";
import { type Host, nameAt } from "#lib/predeploy/host.ts";
import { createLiveLine } from "#lib/predeploy/live-line.ts";
import { describeUnreachable, type HostResult, runHost } from "#lib/predeploy/run-host.ts";
import { checkPrograms, targetsOf } from "#lib/predeploy/targets.ts";
import { connectManager } from "#lib/units/connect-manager.ts";
import { readDurations, writeDurations } from "#lib/units/duration-history.ts";
import type { UnitManager } from "#lib/units/unit-manager.ts";
import { isBusLost } from "#lib/units/unit-refusal.ts";

/** In a dry run it starts nothing and says what it would start. */
export async function runPredeploy(context: RunContext<Settings>): Promise<RunResult> {
  const { settings, deps, log, operator, isDryRun } = context;
  const plan = await readStageFile(settings.PREDEPLOY_STAGES ?? shippedStages);
  const targets = targetsOf(settings, operator.flags);
  checkPrograms(plan, targets);
  if (!isDryRun && operator.flags["yes"] !== true) await askFirst(context, plan, targets);
  const historyFile = join(settings.STATE_DIR, settings.JOB, "durations.json");
  const durationsMs = await readDurations(historyFile);
  const live = createLiveLine(context.progress, deps.clock);
  try {
    const results = await mapBounded(targets, settings.PREDEPLOY_HOST_LIMIT, async (target) => {
      const act = isDryRun ? dryRunHost : runHost;
      return {
        target,
        ...(await withHost({ context, target, durationsMs, live }, (host) => act(host, plan))),
      };
    });
    return describeRun(results, isDryRun);
  } finally {
    live.close();
    if (!isDryRun) {
      await writeDurations(historyFile, durationsMs).catch((error: unknown) =>
        log.warning("durations.unwritten", `Cannot write "${historyFile}": ${describeError(error)}`),
      );
    }
  }
}

/** A host whose systemd cannot be reached has failed; the other hosts go on. */
async function withHost(
  parts: Omit<Host, "manager">,
  body: (host: Host) => Promise<HostResult>,
): Promise<HostResult> {
  const { context, target } = parts;
  const { deps, log, childEnvironment } = context;
  let manager: UnitManager | undefined;
  try {
    manager = await connectManager({
      target,
      clock: deps.clock,
      environment: childEnvironment,
      onLost: (reason) => log.warning("bus.lost", nameAt(target, `Lost systemd: ${reason}; trying again`)),
    });
    return await body({ ...parts, manager });
  } catch (error) {
    if (!isBusLost(error)) throw error;
    return describeUnreachable(parts, error, []);
  } finally {
    manager?.close();
  }
}
