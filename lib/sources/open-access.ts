/** The directories that a source may ask for while it is open, and their end. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { SourceAccess } from "#lib/sources/source.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { nameAfterProcess } from "#lib/tools/process-directory.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

export interface AccessRequest extends Omit<SourceAccess, "privateDirectory" | "stagingDirectory"> {
  readonly sourceName: string;
  /** Beginning of the name of its private directory, which is named in the journal before it exists. */
  readonly privateRoot: string;
}

export interface OpenAccess {
  readonly access: SourceAccess;
  /** Remove the directories; no error when there are none. */
  readonly close: () => Promise<void>;
}

export function openAccess(request: AccessRequest): OpenAccess {
  const { privateRoot: beginning, sourceName, ...ours } = request;
  const privateRoot = nameAfterProcess(beginning);
  const { timeoutMs, journal, setDirectory } = ours;
  let isStaged = false;
  let isPrivate = false;
  const staging = join(setDirectory, `.staging-${sourceName}`);
  const close = async () => {
    if (isPrivate) await removeTree(privateRoot, timeoutMs);
    if (isStaged) await removeTree(staging, timeoutMs * 10);
  };
  return {
    close,
    access: {
      ...ours,
      privateDirectory: async () => {
        if (isPrivate) return privateRoot;
        await journal.record({ kind: "private", path: privateRoot });
        isPrivate = true;
        await within(mkdir(dirname(privateRoot), { recursive: true, mode: 0o700 }), privateRoot, timeoutMs);
        // Not "recursive": it fails when anything has that name, a planted symlink included.
        await within(mkdir(privateRoot, { mode: 0o700 }), privateRoot, timeoutMs);
        return privateRoot;
      },
      stagingDirectory: async () => {
        if (isStaged) return staging;
        isStaged = true;
        await within(mkdir(staging, { mode: 0o700 }), staging, timeoutMs);
        return staging;
      },
    },
  };
}

async function within<Value>(promise: Promise<Value>, path: string, deadlineMs: number): Promise<Value> {
  try {
    return await withDeadline(promise, deadlineMs, `use "${path}"`);
  } catch (cause) {
    throw new OpsError(`Cannot use the directory "${path}"`, { outcome: "failed", cause });
  }
}
