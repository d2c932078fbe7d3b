/** Remove a snapshot or a copy that held data still, by its path alone: whoever made it may be dead. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { isFrozenName } from "#lib/core/frozen-name.ts";
import { parseMountTable } from "#lib/core/mount-table.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import type { UndoEntry } from "#lib/core/undo.ts";
import { subvolumeInode } from "#lib/stacks/measure-tree.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

export type FrozenEntry = Extract<UndoEntry, { readonly kind: "frozen" }>;

interface Access {
  readonly exec: Exec;
  readonly timeoutMs: number;
}

/** A tree has many files, a snapshot is one. */
const patience = 10;

/** Safe to repeat: no error when it is gone. Throws OpsError "failed". */
export async function removeFrozen(entry: FrozenEntry, access: Access): Promise<void> {
  const name = entry.how === "zfs" ? `.${entry.path.split("@")[1] ?? ""}` : basename(entry.path);
  if (!isFrozenName(name)) {
    throw refuse(entry, "it does not bear the name of one of ours", "Correct or remove the journal");
  }
  if (entry.how === "zfs") return destroyZfs(entry, access);
  await requireMount(entry);
  if (entry.how === "btrfs" && (await isSubvolume(entry.path, access))) return deleteBtrfs(entry, access);
  await removeTree(entry.path, access.timeoutMs * patience);
}

/** On a disk that is not mounted it only seems to be gone. */
async function requireMount(entry: FrozenEntry): Promise<void> {
  const table = parseMountTable(await readFile("/proc/self/mountinfo", "utf8"));
  if (table.some((mount) => mount.mountPoint === entry.mountPoint)) return;
  throw refuse(entry, `nothing is mounted at "${entry.mountPoint}"`, `Mount "${entry.mountPoint}"`);
}

/** Not a symlink to one: whoever may write there could have put one in its place. */
async function isSubvolume(path: string, { exec, timeoutMs }: Access): Promise<boolean> {
  const found = await exec(["stat", "--format=%i", "--", path], { timeoutMs });
  return found.timedOut || found.stdout.trim() === subvolumeInode;
}

async function deleteBtrfs(entry: FrozenEntry, { exec, timeoutMs }: Access): Promise<void> {
  const deleted = await exec(["btrfs", "subvolume", "delete", entry.path], { timeoutMs });
  if (deleted.exitCode === 0) return;
  throw refuse(
    entry,
    lastWords("btrfs", deleted, timeoutMs),
    `btrfs subvolume delete ${quoteForShell(entry.path)}`,
  );
}

async function destroyZfs(entry: FrozenEntry, { exec, timeoutMs }: Access): Promise<void> {
  const destroyed = await exec(["zfs", "destroy", entry.path], { timeoutMs });
  if (destroyed.exitCode === 0) return;
  const listed = await exec(["zfs", "list", "-H", "-o", "name", "-t", "snapshot"], { timeoutMs });
  if (listed.exitCode === 0 && !listed.stdout.split("\n").includes(entry.path)) return;
  throw refuse(entry, lastWords("zfs", destroyed, timeoutMs), `zfs destroy ${quoteForShell(entry.path)}`);
}

function refuse(entry: FrozenEntry, reason: string, hint: string): OpsError {
  const what = entry.how === "copy" ? "copy" : "snapshot";
  return new OpsError(`Cannot remove the ${what} "${entry.path}": ${reason}`, { outcome: "failed", hint });
}

/** Why a program did not do it, in its own words. */
export function lastWords(program: string, result: ExecResult, timeoutMs: number): string {
  if (result.timedOut) return `no answer from the file system after ${timeoutMs / 1000} s`;
  if (result.notFound) return `the program "${program}" is not installed`;
  const line = result.stderr.trim().split("\n").at(-1) ?? "";
  return line === "" ? `${program} ended with ${result.exitCode ?? result.signal}` : line;
}
