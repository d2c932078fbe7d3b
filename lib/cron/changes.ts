/** Acts on a machine's schedule, all of them or none: each can be undone, and is when one after it fails. */
import { chmod, lstat, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { describeError, errorCode, OpsError } from "#lib/core/ops-error.ts";
import { inside, type Machine } from "#lib/cron/machine.ts";
import { type Ownership, replaceFile } from "#lib/cron/replace-file.ts";
import { syncDirectory } from "#lib/tools/fsync.ts";

export interface Change {
  /** For people: `write /etc/cron.d/lastgood-shop`. */
  readonly what: string;
  readonly apply: () => Promise<void>;
  /** Called after `apply` only. */
  readonly undo: () => Promise<void>;
}

const rootsOwn: Ownership = { uid: 0, gid: 0, mode: 0o644 };

interface Present extends Ownership {
  readonly text: string;
}

/** A file of root's with this text, whatever stood there before. */
export function writeFileChange(machine: Machine, path: string, text: string): Change {
  const file = inside(machine, path);
  let before: Present | undefined;
  return {
    what: `write ${path}`,
    apply: async () => {
      before = await readIfThere(file);
      await replaceFile(file, text, rootsOwn);
    },
    undo: () => (before === undefined ? remove(file) : replaceFile(file, before.text, before)),
  };
}

/** Other text in a file that stays whose it is. Fails when somebody has changed it since it was read. */
export function editFileChange(
  machine: Machine,
  path: string,
  { before, after, what }: { readonly before: string; readonly after: string; readonly what: string },
): Change {
  const file = inside(machine, path);
  const edit = async (from: string, to: string) => {
    const { uid, gid, mode } = await lstat(file);
    if ((await readFile(file, "utf8")) !== from) {
      throw new OpsError(`"${path}" was changed by somebody else at the same time`, {
        outcome: "failed",
        hint: "Look at it, and call this again",
      });
    }
    await replaceFile(file, to, { uid, gid, mode: mode & 0o7777 });
  };
  return { what, apply: () => edit(before, after), undo: () => edit(after, before) };
}

export function removeFileChange(machine: Machine, path: string): Change {
  const file = inside(machine, path);
  let before: Present | undefined;
  return {
    what: `remove ${path}`,
    apply: async () => {
      before = await readIfThere(file);
      if (before !== undefined) await remove(file);
    },
    undo: async () => {
      if (before !== undefined) await replaceFile(file, before.text, before);
    },
  };
}

/** Take the permission to be executed from a script, so that run-parts passes over it. */
export function disableScriptChange(machine: Machine, path: string): Change {
  const file = inside(machine, path);
  let mode = 0o755;
  return {
    what: `make ${path} not executable`,
    apply: async () => {
      mode = (await lstat(file)).mode & 0o7777;
      await chmod(file, mode & ~0o111);
    },
    undo: () => chmod(file, mode),
  };
}

const systemctlTimeoutMs = 60_000;

/** `systemctl`, which works on another root, or where systemd does not run, by its links alone. */
export function systemctlChange(
  machine: Machine,
  args: readonly [string, ...string[]],
  undoArgs: readonly [string, ...string[]] | undefined,
): Change {
  const call = async (words: readonly string[]) => {
    const command = [
      "systemctl",
      ...(machine.root === "/" ? [] : [`--root=${machine.root}`]),
      ...words,
    ] as const;
    const result = await machine.exec(command, { timeoutMs: systemctlTimeoutMs });
    if (result.exitCode === 0) return;
    const why = result.notFound ? "it is not installed" : result.stderr.trim().split("\n").at(-1);
    throw new OpsError(`systemctl ${words.join(" ")} failed: ${result.timedOut ? "no answer" : why}`, {
      outcome: "failed",
      hint: "Call it by hand to see why",
    });
  };
  return {
    what: `systemctl ${args.join(" ")}`,
    apply: () => call(args),
    undo: async () => {
      if (undoArgs !== undefined) await call(undoArgs);
    },
  };
}

/** Apply all of them in their order; when one fails, undo those before it, and throw its error. */
export async function applyChanges(changes: readonly Change[]): Promise<void> {
  const done: Change[] = [];
  for (const change of changes) {
    try {
      await change.apply();
    } catch (cause) {
      const left = await undoAll(done);
      throw new OpsError(
        `Cannot ${change.what}: ${left.length === 0 ? "nothing was changed" : "undone in part"}`,
        {
          outcome: "failed",
          hint:
            cause instanceof OpsError
              ? cause.hint
              : "Free space, remount, or run as root, and call this again",
          problems: left,
          cause,
        },
      );
    }
    done.push(change);
  }
}

/** For people, each act once: systemd is told to read its files more than once. */
export function listActs(changes: readonly Change[], isDryRun: boolean): readonly string[] {
  return [...new Set(changes.map(({ what }) => `${isDryRun ? "Would" : "Done"}: ${what}`))];
}

async function undoAll(done: readonly Change[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const change of done.toReversed()) {
    try {
      await change.undo();
    } catch (error) {
      left.push(`Cannot undo: ${change.what}: ${describeError(error)}`);
    }
  }
  return left;
}

async function readIfThere(file: string): Promise<Present | undefined> {
  try {
    const { uid, gid, mode } = await lstat(file);
    return { text: await readFile(file, "utf8"), uid, gid, mode: mode & 0o7777 };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function remove(file: string): Promise<void> {
  await unlink(file);
  await syncDirectory(dirname(file));
}
