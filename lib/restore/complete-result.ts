import type { RunResult } from "#lib/core/run-context.ts";

/** Of a restore in place that did, or would do, all that was asked for. */
export function completeResult(component: string, headline: string, notes: readonly string[]): RunResult {
  return {
    outcome: "complete",
    headline,
    problems: [],
    notes: [...notes],
    findings: [],
    parts: [],
    selection: [component],
  };
}
