/** A systemd unit as its manager shows it, and what that means for somebody who runs it and waits for its end. Pure. */

export interface UnitState {
  /** The unit's own name, whatever alias was asked for. */
  readonly id: string;
  /** `loaded`, `not-found`, `bad-setting`, `error`, `masked`. */
  readonly loadState: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, `maintenance`, `refreshing`. */
  readonly activeState: string;
  readonly subState: string;
  /** Path of the job that is queued or at work for it. */
  readonly job: string | undefined;
  /** Of its latest start; empty when it was not started since it was loaded. */
  readonly invocationId: string;
  /** False when a Condition…= kept it from its latest start, and before the first. */
  readonly conditionResult: boolean;
  /** When its conditions were last looked at, in microseconds of the monotonic clock; 0 for never. */
  readonly conditionAt: bigint;
  /** False for a unit that only others may start (RefuseManualStart=). */
  readonly canStart: boolean;
  /** `success`, `exit-code`, `signal`, `oom-kill`, `timeout`, …: of its latest end. */
  readonly result: string;
  /** Of its main process; the number of the signal if one ended it. */
  readonly exitStatus: number;
  /** A signal ended its main process: of a service that is no oneshot, systemd calls SIGTERM a success. */
  readonly isKilled: boolean;
  /** Restarts by Restart= since it was last started by somebody. */
  readonly restarts: number;
}

/** At work, or about to be: a oneshot service is `activating` for as long as it runs, which `is-active` calls inactive. */
export function isUnitBusy(state: UnitState): boolean {
  return state.job !== undefined || isUnderWay(state);
}

/** At work: its InvocationID is that of the present run, which a mere job in the queue has not got yet. */
export function isUnderWay(state: UnitState): boolean {
  return !(state.activeState === "inactive" || state.activeState === "failed" || isRemaining(state));
}

/** Over, yet counted as active (RemainAfterExit=yes): starting it does nothing. */
function isRemaining({ activeState, subState }: UnitState): boolean {
  return activeState === "active" && subState === "exited";
}

export type UnitPlan = { readonly act: "start" | "join" } | ({ readonly act: "none" } & UnitRun);

/** What to do with a unit that is to be run, or why nothing. */
export function planUnitRun(state: UnitState, whenRunning: "skip" | "wait"): UnitPlan {
  const nothing = (verdict: "failed" | "skipped", reason: string, message: string): UnitPlan => ({
    act: "none",
    verdict,
    reason,
    message,
  });
  const { loadState, id } = state;
  if (loadState === "masked") return nothing("skipped", "masked", "is masked");
  if (loadState === "not-found") return nothing("failed", "not-found", "does not exist");
  if (loadState !== "loaded") {
    return nothing(
      "failed",
      loadState,
      `could not be loaded (${loadState}): systemctl status ${id} says why`,
    );
  }
  if (isUnitBusy(state)) {
    return whenRunning === "wait"
      ? { act: "join" }
      : nothing("skipped", "already-running", "already running");
  }
  if (isRemaining(state)) {
    const message = "counts as active since its last run (RemainAfterExit=yes), and cannot be started again";
    return nothing("skipped", "remains-active", message);
  }
  if (state.canStart) return { act: "start" };
  const message = "may only be started by other units (RefuseManualStart=)";
  return nothing("failed", "refuses-start", message);
}

export interface UnitRun {
  readonly verdict: "success" | "partial" | "failed" | "skipped";
  /** One word: systemd's own result, or what kept it from running. */
  readonly reason: string;
  /** What else there is to say, after the unit's name. */
  readonly message: string;
}

/** What is known of one run of a unit when the unit is at rest again. */
export interface UnitTrace {
  /** How it was before it was started; of a run that was joined, that is nothing. */
  readonly before: Pick<UnitState, "invocationId" | "conditionAt">;
  /** The first new InvocationID that was seen after it was started. */
  readonly invocation: string | undefined;
  /** How the start job ended: `done`, `failed`, `canceled`, `dependency`, … */
  readonly jobResult: string | undefined;
  /** Exit statuses that mean: usable, but something is missing. */
  readonly partialStatuses: readonly number[];
}

const jobWords: Readonly<Record<string, string>> = {
  canceled: "its start was cancelled by somebody else",
  dependency: "a unit that it needs could not be started",
  timeout: "its start job waited too long (JobTimeoutSec=)",
  assert: "an Assert…= of it does not hold",
  unsupported: "this system does not support units of its kind",
  invalid: "it cannot be started",
  once: "it may be started only once for each boot",
};

/** Say what one run of a unit came to. Never takes an earlier run's result for this one's. */
export function judgeUnitRun(state: UnitState, trace: UnitTrace): UnitRun {
  const { before, partialStatuses } = trace;
  const hasRun = state.invocationId !== "" && state.invocationId !== before.invocationId;
  if (!hasRun) return judgeWithoutRun(state, trace);
  const { result, exitStatus } = state;
  const isAnother =
    trace.invocation !== undefined && trace.invocation !== state.invocationId && state.restarts === 0;
  const again = isAnother ? ", started once more by somebody else" : describeRestarts(state.restarts);
  if (result === "exec-condition") {
    return {
      verdict: "skipped",
      reason: "condition",
      message: `did nothing: its ExecCondition= does not hold${again}`,
    };
  }
  if (result === "success" && state.isKilled) {
    const message = `was ended by signal ${exitStatus}, which systemd calls a success${again}`;
    return { verdict: "failed", reason: "signal", message };
  }
  // A program that ends with 0 when it is told to end has not come to its end.
  if (result === "success" && trace.jobResult === "canceled" && !isAnother) {
    return { verdict: "failed", reason: "canceled", message: "was stopped by somebody else while it ran" };
  }
  const isExit = result === "success" || result === "exit-code";
  if (isExit && partialStatuses.includes(exitStatus)) {
    const message = `ended with status ${exitStatus}: its backup lacks something${again}`;
    return { verdict: "partial", reason: "partial", message };
  }
  if (result === "success" && state.activeState !== "failed") {
    return { verdict: "success", reason: "success", message: `success${again}` };
  }
  // With 0 it was not the main process that failed: ExecStartPre=, ExecStopPost= and the like.
  const status = result === "exit-code" && exitStatus !== 0 ? ` (status ${exitStatus})` : "";
  return { verdict: "failed", reason: result, message: `failed with result: ${result}${status}${again}` };
}

function judgeWithoutRun(state: UnitState, { before, jobResult }: UnitTrace): UnitRun {
  if (!state.conditionResult && state.conditionAt > before.conditionAt) {
    return {
      verdict: "skipped",
      reason: "condition",
      message: "did nothing: a Condition…= of it does not hold",
    };
  }
  const words = jobResult === undefined ? undefined : jobWords[jobResult];
  if (words !== undefined)
    return { verdict: "failed", reason: jobResult ?? "", message: `did not run: ${words}` };
  if (state.activeState === "failed") {
    const message = `did not run: systemd did not start it (its last result: ${state.result})`;
    return { verdict: "failed", reason: "not-started", message };
  }
  const message = "left no trace of a run: it may have ended while the bus was away";
  return { verdict: "failed", reason: "no-trace", message };
}

function describeRestarts(restarts: number): string {
  if (restarts === 0) return "";
  return restarts === 1 ? ", after one restart" : `, after ${restarts} restarts`;
}
