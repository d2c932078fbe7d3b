/** A program with small output that must do what it is asked. */
import { OpsError } from "#lib/core/ops-error.ts";
import type { FreezeAccess } from "#lib/stacks/freezer.ts";
import { lastWords } from "#lib/stacks/remove-frozen.ts";

/** Throws OpsError "failed" in the program's words; `action` says what it is about to do: "snapshot …". */
export async function runCommand(
  command: readonly [string, ...string[]],
  action: string,
  { exec, signal }: Pick<FreezeAccess, "exec" | "signal">,
  timeoutMs: number,
): Promise<void> {
  const result = await exec(command, { timeoutMs, signal });
  if (result.exitCode === 0) return;
  const reason = lastWords(command[0], result, timeoutMs);
  throw new OpsError(`Cannot ${action}: ${reason}`, { outcome: "failed" });
}

/** Bring to the disk what the stack has written until now, so that little is left to be written in the window. */
export async function syncFileSystem(path: string, access: FreezeAccess): Promise<void> {
  await runCommand(
    ["sync", "--file-system", path],
    `sync the file system of "${path}"`,
    access,
    access.stallMs,
  );
}
