import type { Settings } from "#lib/config/schema.ts";
import type { Component, Manifest, MissingComponent } from "#lib/core/manifest.ts";
import type { RunContext } from "#lib/core/run-context.ts";

/** What a set says about itself: who, when, what, and how it ended. */
export function buildManifest(
  context: RunContext<Settings>,
  components: readonly Component[],
  missing: readonly MissingComponent[],
  problems: readonly string[],
  notes: readonly string[],
  how: "medium" | "cache" | "none",
): Manifest {
  const { tool, host, settings, runId, startedAt, settingsHash, deps } = context;
  const now = deps.clock.now().toISOString();
  const isComplete =
    missing.length === 0 && components.every((component) => component.outcome === "complete");
  return {
    schema: 1,
    tool: { name: "lastgood", ...tool },
    host: { name: host.name, machineId: host.machineId, hardwareId: host.hardwareId },
    job: settings.JOB,
    runId,
    startedAt: startedAt.toISOString(),
    endedAt: now,
    timeZone: settings.TIME_ZONE,
    outcome: isComplete ? "complete" : "partial",
    problems: [...problems],
    notes: [...notes],
    configHash: settingsHash,
    ...(context.selection === undefined ? {} : { selection: [...context.selection] }),
    components: [...components],
    missing: [...missing],
    verified: { at: now, how },
  };
}
