/** Everything in a tree with the identity of each entry, asked of one `find`. */

import { frozenPattern } from "#lib/core/frozen-name.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createListingParser, type ListedEntry, listingFormat } from "#lib/core/tree-delta.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

export interface ListAccess {
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string>>;
  /** Without a word for so long it is stuck. */
  readonly stallMs: number;
  /** Names to leave out, and all that is in them. */
  readonly isExcluded: (name: string) => boolean;
}

/**
 * List the tree at `root`, a directory or a single file. While it lives, entries may come and go; else whatever cannot be listed is
 * an error. Throws OpsError "failed".
 */
export async function listTree(
  root: string,
  isLive: boolean,
  access: ListAccess,
): Promise<Map<string, ListedEntry>> {
  const entries = new Map<string, ListedEntry>();
  const parse = createListingParser((entry) => {
    if (!access.isExcluded(entry.name)) entries.set(entry.name, entry);
  });
  await runFind(root, listingFormat, isLive, access, parse);
  if (!entries.has("")) throw refuse(root, "it is gone");
  return entries;
}

/** Run `find` over a tree; what holds the data of a stack still is passed over. */
export async function runFind(
  root: string,
  format: string,
  isLive: boolean,
  { signal, env, stallMs }: Omit<ListAccess, "isExcluded">,
  onStdout: (chunk: Buffer) => void,
): Promise<void> {
  const passOver = ["-name", frozenPattern, "-prune", "-o"];
  const end = await runStreaming({
    command: ["find", root, ...passOver, "-printf", format],
    env,
    signal,
    stallMs,
    onStdout,
  });
  if (end.exitCode === 0 || (isLive && end.exitCode === 1)) return;
  const words = end.stderr.split("\n").at(-1) ?? "";
  if (end.isStalled) throw refuse(root, `no answer from the file system after ${stallMs / 1000} s`);
  throw refuse(root, words === "" ? `find ended with ${end.exitCode ?? "a signal"}` : words);
}

function refuse(root: string, reason: string): OpsError {
  return new OpsError(`Cannot list "${root}": ${reason}`, {
    outcome: "failed",
    hint: "Look at its mount, and at what else writes there",
  });
}
