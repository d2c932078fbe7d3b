/** A systemd manager: the system's, a user's, or another host's. */
import type { UnitState } from "#lib/core/unit-state.ts";

export type ManagerTarget =
  | { readonly kind: "system" }
  | { readonly kind: "user" }
  | { readonly kind: "host"; readonly host: string };

export interface UnitManager {
  /** Names of service units that a pattern matches, loaded or not, sorted; templates left out. */
  readonly find: (patterns: readonly string[]) => Promise<readonly string[]>;
  /** How a unit is now. Rejects with DbusError "lost" when systemd does not answer. */
  readonly look: (unit: string) => Promise<UnitState>;
  /** Keep a unit in systemd's memory, so that its result outlives its end. */
  readonly hold: (unit: string) => Promise<void>;
  /** Queue its start; resolves to the job's path. Rejects with DbusError when systemd refuses. */
  readonly start: (unit: string) => Promise<string>;
  /** Queue its stop. */
  readonly stop: (unit: string) => Promise<void>;
  /** The InvocationID that systemd last announced of a unit: of a short run perhaps the only sign. */
  readonly announced: (unit: string) => string | undefined;
  /** How a job ended, once it has. */
  readonly jobResult: (job: string) => string | undefined;
  /** What `untilChange` is to be given: taken before a look, no change after that look is missed. */
  readonly changeCount: (unit: string) => number;
  /** Resolves when something happened to the unit since `count` was taken, and after `atMostMs` anyway. */
  readonly untilChange: (unit: string, count: number, atMostMs: number, signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
}
