import { basename } from "node:path";
import type { Tool } from "#lib/core/tool.ts";
import { searchPath } from "#lib/schedule/schedule-plan.ts";

const timeoutMs = 10_000;

/**
 * Program and arguments that run a script, absolute: cron and systemd find nothing by a shell's PATH.
 *
 * The path by which a program is installed outlives the one where its version lies, so it is taken where both are the same.
 */
export async function findLauncher({ caller, deps }: Tool): Promise<readonly [string, ...string[]]> {
  const [program, ...args] = caller.launcher;
  const name = basename(program).replace(/\.exe$/, "");
  for (const directory of searchPath.split(":")) {
    const candidate = `${directory}/${name}`;
    const result = await deps.exec(["realpath", "-e", "--", candidate, program], { timeoutMs });
    const [installed, running] = result.stdout.split("\n");
    if (result.exitCode === 0 && installed === running) return [candidate, ...args];
  }
  return [program, ...args];
}

const writableByOthers = 0o022;

/** Who beside root could make root run something else: what an admin should know, and may want. */
export async function findStrangers({ deps }: Tool, paths: readonly string[]): Promise<readonly string[]> {
  const command = ["stat", "--dereference", "--format=%u %a %U %n", "--", ...paths] as const;
  const { stdout } = await deps.exec(command, { timeoutMs });
  return stdout.split("\n").flatMap((line) => {
    const [, uid, mode, user, path] = /^(\d+) (\d+) (\S+) (.+)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (uid !== "0") return [`${path} belongs to ${user}, who thereby acts as root`];
    const isOpen = (Number.parseInt(mode ?? "", 8) & writableByOthers) !== 0;
    return isOpen ? [`others than root may write ${path}, which root runs`] : [];
  });
}
