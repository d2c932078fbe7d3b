/** A directory of this host as a store: a NAS that is mounted, a disk that is plugged in. */
import { constants } from "node:fs";
import { access, lstat, mkdir, open, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { describeError, errorCode, OpsError } from "#lib/core/ops-error.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import { checkMount } from "#lib/preflight/check-mount.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";
import { directoriesAtDepth } from "#lib/stores/set-listing.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { feedFile } from "#lib/tools/feed-file.ts";
import { syncDirectory } from "#lib/tools/fsync.ts";
import { findHasher, hashMedium } from "#lib/tools/medium-hash.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";

export interface DirectoryAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

type DirectoryTarget = StoreTarget & {
  readonly address: Extract<StoreAddress, { readonly kind: "directory" }>;
};

export function createDirectoryRemote(target: DirectoryTarget, tools: DirectoryAccess): Remote {
  const base = target.address.path;
  const at = (path: string) => join(base, checkRemotePath(path));
  /** Nothing on a file system is waited for without a limit: a NAS that has gone does not answer. */
  const within = async <Value>(
    promise: Promise<Value>,
    action: string,
    limits: RemoteLimits,
  ): Promise<Value> => {
    try {
      return await withDeadline(promise, limits.timeoutMs, action);
    } catch (error) {
      if (error instanceof OpsError) throw error;
      throw new OpsError(`Cannot ${action}: ${describeError(error)}`, { outcome: "failed", cause: error });
    }
  };
  return {
    description: base,
    programs: [{ program: "dd", package: "coreutils" }],
    check: (limits) => checkBase(target, base, tools, limits),
    list: (directory, limits) =>
      within(
        orWhenMissing(readdir(directory === "" ? base : at(directory)), []),
        `list "${join(base, directory)}"`,
        limits,
      ),
    readManifests: async (depth, limits) => {
      // Of the base itself: that it is missing is no empty answer.
      await within(readdir(base), `list "${base}"`, limits);
      const directories = await directoriesAtDepth(base, depth, limits.timeoutMs);
      const read = async (directory: string) => {
        const text = orWhenMissing(readFile(join(directory, "manifest.json"), "utf8"), undefined);
        return {
          path: directory.slice(base.length + 1),
          text: await within(text, `read "${directory}"`, limits),
        };
      };
      const manifests = await Promise.all(directories.map(read));
      return manifests.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
    },
    upload: async (localPath, path, transfer) => {
      const file = at(path);
      const limits = { signal: transfer.signal, timeoutMs: transfer.stallMs };
      await within(makeDirectories(base, dirname(file)), `create "${dirname(file)}"`, limits);
      await removeTree(file, transfer.stallMs);
      const flags = ["bs=1M", "iflag=fullblock", "oflag=nofollow", "conv=excl,fsync", "status=none"];
      const { exec: _exec, ...fed } = tools;
      const end = await feedFile({
        ...transfer,
        ...fed,
        localPath,
        offset: 0,
        command: ["dd", `of=${file}`, ...flags],
      });
      if (end.exitCode === 0) return;
      throw new OpsError(`Cannot write "${file}": ${end.stderr.split("\n")[0] || "dd was killed"}`, {
        outcome: "failed",
        hint: end.stderr.includes("No space left") ? "Free space there, or keep fewer sets" : undefined,
      });
    },
    hash: async (path, { signal, stallMs }) => {
      const hasher = await findHasher(tools.exec, signal);
      try {
        return (await hashMedium({ path: at(path), hasher, env: tools.env, stallMs, signal })).sha256;
      } catch (cause) {
        signal.throwIfAborted();
        throw new OpsError(`Cannot read back "${at(path)}"`, { outcome: "failed", cause });
      }
    },
    writeFile: (path, text, limits) =>
      within(writeWhole(base, at(path), text), `write "${at(path)}"`, limits),
    readFile: (path, limits) =>
      within(orWhenMissing(readFile(at(path), "utf8"), undefined), `read "${at(path)}"`, limits),
    rename: (from, to, limits) => within(renameOver(base, at(from), at(to)), `rename "${at(from)}"`, limits),
    remove: (path, { timeoutMs }) => removeTree(at(path), timeoutMs * 10),
    removeEmptyParents: async (path, limits) => {
      for (let parent = remoteParent(checkRemotePath(path)); parent !== ""; parent = remoteParent(parent)) {
        if (!(await within(removeEmpty(at(parent)), `remove "${at(parent)}"`, limits))) return;
      }
    },
  };
}

async function checkBase(
  target: DirectoryTarget,
  base: string,
  { exec }: DirectoryAccess,
  { signal, timeoutMs }: RemoteLimits,
): Promise<void> {
  const asker = { exec, signal, timeoutMs };
  const findings = [
    ...(target.mount === undefined ? [] : [await checkMount(asker, target.mount)]),
    await checkDirectory(asker, "store", base),
  ];
  const failed = findings.find((finding) => !finding.passed);
  if (failed !== undefined) throw new OpsError(failed.message, { outcome: "failed", hint: failed.hint });
  try {
    await withDeadline(access(base, constants.W_OK), timeoutMs, `use "${base}"`);
  } catch (cause) {
    throw new OpsError(`Cannot write to the store "${base}"`, {
      outcome: "failed",
      hint: "Check its owner and mode, and that the file system is not mounted read-only",
      cause,
    });
  }
}

async function orWhenMissing<Value, Other>(promise: Promise<Value>, other: Other): Promise<Value | Other> {
  try {
    return await promise;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return other;
    throw error;
  }
}

/** The base is never made: it may be the mount point of a disk that is not there. */
async function makeDirectories(base: string, directory: string): Promise<void> {
  await lstat(base);
  await mkdir(directory, { recursive: true, mode: 0o700 });
}

async function writeWhole(base: string, path: string, text: string): Promise<void> {
  await makeDirectories(base, dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  await rm(temporary, { force: true });
  {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    await using file = await open(temporary, flags, 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** The job's lock keeps everybody else away between the question and the rename. */
async function renameOver(base: string, from: string, to: string): Promise<boolean> {
  const isTaken = await orWhenMissing(
    lstat(to).then(() => true),
    false,
  );
  if (isTaken) return false;
  await makeDirectories(base, dirname(to));
  await syncDirectory(from);
  await rename(from, to);
  await syncDirectory(dirname(to));
  return true;
}

/** False when something is in it. */
async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errorCode(error) ?? "")) return false;
    throw error;
  }
}
