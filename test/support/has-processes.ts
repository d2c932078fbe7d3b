import { readdirSync, readFileSync } from "node:fs";
import type { Sandbox } from "#test/support/sandbox.ts";

/** Whether any process still has to do with the sandbox: a guardian at work, a child left behind. */
export function hasProcesses({ directory }: Pick<Sandbox, "directory">): boolean {
  return readdirSync("/proc").some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(directory);
    } catch {
      return false;
    }
  });
}
