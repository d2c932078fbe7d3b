/** Stages of a pre-deployment backup, as a stage file describes them. */

/** What a failure in a stage means: worth saying, counted against the threshold, or the end of the deployment. */
export type StagePolicy = "warning" | "counted" | "required";

export interface Stage {
  /** `3b`: what people call it by. */
  readonly label: string;
  readonly title: string;
  /** Names and patterns of service units. */
  readonly units: readonly string[];
  readonly except: readonly string[];
  /** Configurations of our own jobs. */
  readonly jobs: readonly string[];
  readonly commands: readonly (readonly [string, ...string[]])[];
  /** How many run at the same time; undefined: all of them. */
  readonly limit: number | undefined;
  /** For each of them. */
  readonly timeoutMs: number;
  readonly policy: StagePolicy;
  readonly whenRunning: "skip" | "wait";
  /** Exit statuses of a usable result that lacks something. */
  readonly partialStatuses: readonly number[];
}

/** What must hold before anything is started. */
export interface RequiredSpace {
  readonly path: string;
  readonly minFreeGb: number;
  readonly isMount: boolean;
}

export interface StagePlan {
  readonly preflight: readonly RequiredSpace[];
  readonly stages: readonly Stage[];
}

/** Longest first, so that none begins late and makes all others wait; what was never measured may be the longest. */
export function orderByDuration<Step extends { readonly name: string }>(
  steps: readonly Step[],
  durationsMs: ReadonlyMap<string, number>,
): Step[] {
  const weight = ({ name }: Step) => durationsMs.get(name) ?? Number.POSITIVE_INFINITY;
  return steps.toSorted((a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a)));
}
