/** What a health check finds, and what it is given to find it in. */
import type { Deps } from "#lib/core/deps.ts";
import type { SpaceSample } from "#lib/core/health-memory.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import type { Log } from "#lib/core/log.ts";
import type { Severity } from "#lib/core/outcome.ts";
import type { HostIdentity } from "#lib/core/run-context.ts";

/** One answer. Its name is the same at every check: by it a problem is known again. */
export interface HealthFinding {
  /** `age`, `copy store nas`, `space /mnt/backup`. */
  readonly name: string;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly figure?: Figure | undefined;
}

/** A number for monitors, beyond `limit` a problem. */
export interface Figure {
  readonly value: number;
  readonly unit: "s" | "B" | "c";
  readonly limit?: number | undefined;
  /** The problem is below the limit. */
  readonly isMinimum?: boolean | undefined;
}

/** A configuration, and what is known of its job. */
export interface CheckedJob<Settings> {
  readonly name: string;
  /** Absolute path. */
  readonly config: string;
  /** Undefined when the configuration is invalid: `problem` says why. */
  readonly settings: Settings | undefined;
  readonly problem: ConfigProblem | undefined;
  /** Undefined when the configuration does not even say where it is. */
  readonly record: JobRecord | undefined;
}

export interface ConfigProblem {
  /** Who owns the file or may write it is wrong, not what it says. */
  readonly isDenied: boolean;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface CheckContext<Settings> {
  readonly deps: Deps;
  readonly log: Log;
  readonly host: HostIdentity;
  readonly now: Date;
  readonly isRoot: boolean;
  /** Ask the stores themselves and list sets. */
  readonly isDeep: boolean;
  readonly signal: AbortSignal;
  readonly childEnvironment: Readonly<Record<string, string>>;
  readonly jobs: readonly CheckedJob<Settings>[];
  /** All jobs of the machine are asked about, not one. */
  readonly isWholeMachine: boolean;
}

export interface JobHealth {
  readonly name: string;
  readonly findings: readonly HealthFinding[];
  /** Names of remembered problems that could not be looked at now: they are neither there nor gone. */
  readonly unjudged: readonly string[];
  /** Free bytes of each destination, now. */
  readonly space: Readonly<Record<string, SpaceSample>>;
}

export interface Health {
  readonly jobs: readonly JobHealth[];
  /** What is nobody's in particular. */
  readonly machine: readonly HealthFinding[];
}

const ranks: Readonly<Record<Severity, number>> = { ok: 0, unknown: 1, warning: 2, critical: 3 };

/** The worst; `ok` of nothing. */
export function worstOf(findings: readonly Pick<HealthFinding, "severity">[]): Severity {
  return findings.reduce<Severity>(
    (worst, { severity }) => (ranks[severity] > ranks[worst] ? severity : worst),
    "ok",
  );
}

export function isWorse(one: Severity, other: Severity): boolean {
  return ranks[one] > ranks[other];
}

/** Problems first, the worst of them foremost; otherwise as they are. */
export function worstFirst<Finding extends Pick<HealthFinding, "severity">>(
  findings: readonly Finding[],
): readonly Finding[] {
  return findings.toSorted((a, b) => ranks[b.severity] - ranks[a.severity]);
}

export function isProblem({ severity }: Pick<HealthFinding, "severity">): boolean {
  return severity !== "ok";
}
