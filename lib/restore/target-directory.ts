/** The directory that a restore writes into: new names only, each of them whole as soon as it can be seen. */
import { join, resolve } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { formatBytes } from "#lib/core/size.ts";
import {
  ask,
  askFileType,
  askRealPath,
  askSpace,
  type FileSystemAsker,
} from "#lib/preflight/ask-file-system.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";

/** Before it has been looked at. */
export interface TargetCheck {
  readonly directory: string;
  /** Names that will be made in it. */
  readonly names: readonly string[];
  readonly neededBytes: number;
  /** Directories that must stay as they are: sets. */
  readonly keepOut: readonly string[];
}

const hiddenBeginning = ".restoring-";
const syncMs = 600_000;
const movePatienceMs = 60_000;

export function askerOf(context: RestoreContext): FileSystemAsker {
  const { deps, signal } = context;
  return { exec: deps.exec, signal, timeoutMs: limitsOf(context).fsTimeoutMs };
}

export interface Target {
  readonly directory: string;
  readonly isThere: boolean;
  /** Whether it is there, and how much room there is: a line of the plan. */
  readonly room: string;
}

/** Throws OpsError "failed" when it cannot take everything; nothing is written. */
export async function checkTarget(context: RestoreContext, check: TargetCheck): Promise<Target> {
  const asker = askerOf(context);
  const { directory, names, neededBytes, keepOut } = check;
  const refuse = (reason: string, hint: string) =>
    new OpsError(`Cannot restore into "${directory}": ${reason}`, { outcome: "failed", hint });
  const type = await askFileType(asker, directory);
  if (type.ok && type.value !== "directory") throw refuse(`it is a ${type.value}`, "Give another --to");
  if (!type.ok && type.reason.startsWith("no answer")) throw refuse(type.reason, "Look at its mount");
  const existing = type.ok ? directory : resolve(directory, "..");
  const real = await askRealPath(asker, existing);
  if (!real.ok) throw refuse(`"${existing}": ${real.reason}`, "Create it, or give another --to");
  for (const kept of keepOut) {
    const realKept = await askRealPath(asker, kept);
    if (realKept.ok && `${real.value}/`.startsWith(`${realKept.value}/`)) {
      throw refuse(`it lies in the set "${kept}"`, "Give another --to: sets stay as they are");
    }
  }
  for (const name of names) {
    const there = await ask(asker, ["stat", "--format=%F", "--", join(directory, name)]);
    if (there.ok) {
      throw refuse(
        `"${name}" is there already`,
        "Give another --to, or move it away: nothing is overwritten",
      );
    }
  }
  const space = await askSpace(asker, existing);
  if (!space.ok) throw refuse(space.reason, "Look at its mount");
  if (space.value.freeBytes < neededBytes) {
    throw refuse(
      `${formatBytes(space.value.freeBytes)} free, ${formatBytes(neededBytes)} required`,
      "Free space there, give another --to, or take single components or paths",
    );
  }
  const what = type.ok ? "is there, and what is in it stays" : "is made";
  const room = `${neededBytes === 0 ? "" : `${formatBytes(neededBytes)} are needed, `}${formatBytes(space.value.freeBytes)} are free`;
  return { directory, isThere: type.ok, room: `${directory} ${what}: ${room}` };
}

/** What a restore into it has begun and not ended: it was killed, or goes on. */
export async function findUnfinished(context: RestoreContext, directory: string): Promise<readonly string[]> {
  const options = ["-maxdepth", "1", "-name", `${hiddenBeginning}*`, "-print0"];
  const found = await ask(askerOf(context), ["find", "-H", directory, ...options]);
  return found.ok ? found.value.split("\0").filter((path) => path !== "") : [];
}

/** Have it for `use`, made if need be. What was made and has nothing in it at the end, however that comes, is removed again. */
export async function withTarget<Value>(
  context: RestoreContext,
  { directory, isThere }: Target,
  use: () => Promise<Value>,
): Promise<Value> {
  await makeDirectory(context, directory);
  try {
    return await use();
  } finally {
    // By whoever stops the restore as well.
    if (!isThere) await removeIfEmpty({ ...context, signal: new AbortController().signal }, directory);
  }
}

async function removeIfEmpty(context: RestoreContext, directory: string): Promise<void> {
  const command = ["rmdir", "--ignore-fail-on-non-empty", "--", directory] as const;
  const removed = await ask(askerOf(context), command);
  if (!removed.ok) context.log.warning("restore.left", `Left behind: "${directory}": ${removed.reason}`);
}

/** Make it if need be; only its owner may look into what is new. */
export function makeDirectory(context: RestoreContext, path: string): Promise<void> {
  return act(context, ["mkdir", "--parents", "--mode=700", "--", path], `create "${path}"`);
}

/**
 * Have `write` make something under a hidden name, then give it its own. Whatever goes wrong, the hidden one goes. Replaces
 * nothing: what has got that name meanwhile stays.
 */
export async function writeWhole<Value>(
  context: RestoreContext,
  directory: string,
  name: string,
  write: (hidden: string) => Promise<Value>,
): Promise<Value> {
  const hidden = join(directory, `${hiddenBeginning}${context.runId.slice(0, 8)}-${name}`);
  try {
    const value = await write(hidden);
    await syncTree(context, hidden);
    const final = join(directory, name);
    await act(
      context,
      ["mv", "--no-clobber", "--no-target-directory", "--", hidden, final],
      `rename to "${final}"`,
    );
    const left = await ask(askerOf(context), ["stat", "--format=%F", "--", hidden]);
    if (left.ok)
      throw new OpsError(`Cannot rename to "${final}": it is there already`, { outcome: "failed" });
    return value;
  } catch (error) {
    await removePartialSet(hidden, limitsOf(context).fsTimeoutMs * 10).catch((left: unknown) => {
      context.log.warning("restore.left", `Left behind: "${hidden}": ${String(left)}`);
    });
    throw error;
  }
}

/** Wait until everything on its file system is on the medium. */
export function syncTree(context: RestoreContext, path: string): Promise<void> {
  return act(context, ["sync", "--file-system", "--", path], `sync "${path}"`, syncMs);
}

async function act(
  { deps, signal }: RestoreContext,
  command: readonly [string, ...string[]],
  action: string,
  timeoutMs = movePatienceMs,
): Promise<void> {
  const result = await deps.exec(command, { timeoutMs, signal });
  if (result.exitCode === 0) return;
  const words = result.timedOut
    ? `no answer after ${timeoutMs / 1000} s`
    : result.stderr.trim().split("\n")[0];
  throw new OpsError(`Cannot ${action}: ${words || `it ended with ${result.exitCode}`}`, {
    outcome: "failed",
  });
}
