/** Directories of a process, by whose names anybody can tell whether it still lives. */
import { pid as ownPid } from "node:process";
import { isRunning } from "#lib/tools/processes.ts";

/** `path`, as a name for this process alone. */
export function nameAfterProcess(path: string): string {
  return `${path}.pid-${ownPid}`;
}

/** Whether it was made by a process that is gone. One whose number another has now is left: nothing that lives is ever taken. */
export async function isLeftByDead(name: string): Promise<boolean> {
  const [, pid] = /\.pid-(\d+)$/.exec(name) ?? [];
  return pid !== undefined && !(await isRunning(Number(pid)));
}
