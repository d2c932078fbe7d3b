/** Ending processes together with everything they started. */
import { kill } from "node:process";
import { errorCode } from "#lib/core/ops-error.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { findMarkedProcesses, hasLivingMember, runMark } from "#lib/tools/processes.ts";

const pollMs = 10;

export interface EndLimits {
  /** Between TERM and KILL. */
  readonly graceMs: number;
  /** After KILL: a process that waits for a dead file system cannot be killed, and nobody may wait for it. */
  readonly killWaitMs: number;
}

const usualLimits: EndLimits = { graceMs: 5000, killWaitMs: 5000 };

/** End a process group: TERM, grace, KILL, wait. False when it still exists at the end of the limits. */
export async function endProcessGroup(groupId: number, limits = usualLimits): Promise<boolean> {
  const isAlive = async () => sendSignal(-groupId, 0) && (await hasLivingMember(groupId));
  sendSignal(-groupId, "SIGTERM");
  if (await isFalseWithin(isAlive, limits.graceMs)) return true;
  sendSignal(-groupId, "SIGKILL");
  return isFalseWithin(isAlive, limits.killWaitMs);
}

/** End every process that a run left behind; see `processes.ts` for how they are known. Says whether all are gone. */
export async function endMarkedProcesses(runId: string, limits = usualLimits): Promise<boolean> {
  const signalAll = async (signal: NodeJS.Signals) => {
    const pids = await findMarkedProcesses(runMark, runId);
    for (const pid of pids) sendSignal(pid, signal);
    return pids.length > 0;
  };
  if (!(await signalAll("SIGTERM"))) return true;
  const isAlive = async () => (await findMarkedProcesses(runMark, runId)).length > 0;
  if (await isFalseWithin(isAlive, limits.graceMs)) return true;
  return isFalseWithin(() => signalAll("SIGKILL"), limits.killWaitMs);
}

/** False when there is nobody to signal any more, which is no error. */
function sendSignal(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    kill(target, signal);
    return true;
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    throw error;
  }
}

async function isFalseWithin(condition: () => Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = systemClock.monotonicMs() + ms;
  while (await condition()) {
    if (systemClock.monotonicMs() > deadline) return false;
    await systemClock.sleep(pollMs);
  }
  return true;
}
