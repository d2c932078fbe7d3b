/** What the stages of one host are run with. */
import type { Settings } from "#lib/config/schema.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { LiveLine } from "#lib/predeploy/live-line.ts";
import type { ManagerTarget, UnitManager } from "#lib/units/unit-manager.ts";

export interface Host {
  readonly context: RunContext<Settings>;
  readonly target: ManagerTarget;
  readonly manager: UnitManager;
  /** How long each step took when it last succeeded, by its name; what succeeds now is added. */
  readonly durationsMs: Map<string, number>;
  readonly live: LiveLine;
}

/** A name as it stands in the log and in the report: with its host, where there are several. */
export function nameAt(target: ManagerTarget, name: string): string {
  return target.kind === "host" ? `${target.host}: ${name}` : name;
}
