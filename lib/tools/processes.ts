/**
 * What runs on this machine, from /proc.
 *
 * Every child of a run carries `LASTGOOD_RUN=<run id>` in its environment, which the kernel shows in
 * `/proc/<pid>/environ` for as long as the process lives, whoever its parent is by then. That is how the remains of a dead
 * run are found: no pid is written down anywhere, so none can be stale or reused.
 */
import { readdir, readFile } from "node:fs/promises";
import { pid as ownPid } from "node:process";
import { errorCode } from "#lib/core/ops-error.ts";

/** Environment variable that marks the children of a run. */
export const runMark = "LASTGOOD_RUN";

/** Environment variable that marks the guardian of a run, which is no child to be ended. */
export const guardianMark = "LASTGOOD_GUARDIAN";

/** Pids of living processes (zombies left out) whose environment has `name=value`; never our own. */
export async function findMarkedProcesses(name: string, value: string): Promise<number[]> {
  const wanted = Buffer.from(`${name}=${value}`);
  return filterProcesses(async (pid) => {
    const environment = await readProc(pid, "environ");
    return environment !== undefined && hasEntry(environment, wanted) && (await stateOf(pid)) !== "Z";
  });
}

/**
 * Whether a process group has a member that still does something. A zombie does not, unless threads of it live on: one that
 * waits for a dead file system outlives the death of its process.
 */
export async function hasLivingMember(groupId: number): Promise<boolean> {
  const members = await filterProcesses(async (pid) => {
    const fields = await statFields(pid);
    if (fields?.[2] !== String(groupId)) return false;
    return fields[0] !== "Z" || Number(fields[threadCount]) > 1;
  });
  return members.length > 0;
}

export async function isRunning(pid: number): Promise<boolean> {
  return ![undefined, "Z"].includes(await stateOf(pid));
}

/**
 * Whether the guardian of a run is a child of `pid`. Of a run that has died it is not, whoever has got that pid since: the kernel
 * gives a process without a parent another one.
 */
export async function isGuarded(runId: string, pid: number): Promise<boolean> {
  const guardians = await findMarkedProcesses(guardianMark, runId);
  const parents = await Promise.all(guardians.map(async (one) => (await statFields(one))?.[1]));
  return parents.includes(String(pid));
}

/** Index of the number of threads among the fields that `statFields` gives. */
const threadCount = 17;

async function filterProcesses(isWanted: (pid: number) => Promise<boolean>): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (Number.isInteger(pid) && pid !== ownPid && (await isWanted(pid))) found.push(pid);
  }
  return found;
}

function hasEntry(environment: Buffer, wanted: Buffer): boolean {
  const at = environment.indexOf(wanted);
  if (at === -1) return false;
  const end = at + wanted.length;
  return (at === 0 || environment[at - 1] === 0) && (end === environment.length || environment[end] === 0);
}

async function stateOf(pid: number): Promise<string | undefined> {
  return (await statFields(pid))?.[0];
}

/** Fields of `/proc/<pid>/stat` from the third (state) on; the command's name before it may hold any character. */
async function statFields(pid: number): Promise<string[] | undefined> {
  const stat = (await readProc(pid, "stat"))?.toString("latin1");
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

async function readProc(pid: number, name: string): Promise<Buffer | undefined> {
  try {
    return await readFile(`/proc/${pid}/${name}`);
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
