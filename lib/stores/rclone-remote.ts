/**
 * Any remote of rclone as a store. Nothing here mirrors: rclone is told to copy one file, to move one directory, to remove
 * one directory, each by its own path.
 */
import type { Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { isNotFound } from "#lib/core/rclone-words.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";
import { createRclone, type Rclone } from "#lib/stores/rclone-command.ts";
import { listEntries, readRcloneManifests } from "#lib/stores/rclone-listing.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";

export interface RcloneAccess {
  readonly exec: Exec;
  /** Manifests that have been read: they never change. */
  readonly cacheDirectory: string;
}

type RcloneTarget = StoreTarget & { readonly address: Extract<StoreAddress, { readonly kind: "rclone" }> };

/** What carries bytes may take as long as it needs: `--timeout` ends what moves nothing, the store's limit all else. */
const dayMs = 86_400_000;

export function createRcloneRemote(target: RcloneTarget, { exec, cacheDirectory }: RcloneAccess): Remote {
  const base = target.address.remote;
  const description = `rclone ${base}`;
  const rclone = createRclone(target, description, exec);
  const at = (path: string) => {
    const inside = checkRemotePath(path);
    return /[:/]$/.test(base) ? `${base}${inside}` : `${base}/${inside}`;
  };
  const removePath = async (path: string, limits: RemoteLimits) => {
    const found = await statOf(rclone, at(path), limits);
    if (found !== undefined) await rclone.run(limits, [found.isDirectory ? "purge" : "deletefile", at(path)]);
  };
  return {
    description,
    programs: [{ program: "rclone", package: "rclone" }],
    check: (limits) => checkBase(rclone, base, at, limits),
    list: async (directory, limits) => {
      const entries = await listEntries(rclone, directory === "" ? base : at(directory), [], limits);
      return entries.map(({ Name }) => Name);
    },
    readManifests: (depth, limits) => readRcloneManifests(rclone, { base, depth, cacheDirectory }, limits),
    upload: async (localPath, path, { signal, bytesPerSecond, onBytes }) => {
      const limit =
        bytesPerSecond === undefined ? [] : [`--bwlimit=${Math.max(1, Math.round(bytesPerSecond / 1024))}k`];
      // Never taken for uploaded by size and time: only the hash says that.
      await rclone.run({ signal, timeoutMs: dayMs }, [
        "copyto",
        "--ignore-times",
        ...limit,
        localPath,
        at(path),
      ]);
      onBytes(0);
    },
    hash: async (path, { signal }) => {
      const limits = { signal, timeoutMs: dayMs };
      const own = await rclone.run(limits, ["hashsum", "sha256", at(path)], { isExpected: () => true });
      const answer =
        hashOf(own.stdout) ??
        hashOf((await rclone.run(limits, ["hashsum", "sha256", "--download", at(path)])).stdout);
      if (answer !== undefined) return answer;
      throw new OpsError(`Cannot hash "${path}" in ${description}: rclone printed no SHA-256`, {
        outcome: "failed",
      });
    },
    writeFile: async (path, text, limits) => {
      await rclone.run(limits, ["rcat", `${at(path)}.new`], { input: text });
      await rclone.run(limits, ["moveto", "--ignore-times", `${at(path)}.new`, at(path)]);
    },
    readFile: async (path, limits) => {
      const result = await rclone.run(limits, ["cat", at(path)], { isExpected: isNotFound });
      if (result.exitCode !== 0) return undefined;
      // Some remotes answer nothing for what is not there.
      if (result.stdout !== "") return result.stdout;
      return (await statOf(rclone, at(path), limits)) === undefined ? undefined : "";
    },
    rename: async (from, to, limits) => {
      if ((await statOf(rclone, at(to), limits)) !== undefined) return false;
      await rclone.run({ ...limits, timeoutMs: dayMs }, ["moveto", at(from), at(to)]);
      return true;
    },
    remove: (path, { signal }) => removePath(path, { signal, timeoutMs: dayMs }),
    removeEmptyParents: async (path, limits) => {
      for (let parent = remoteParent(checkRemotePath(path)); parent !== ""; parent = remoteParent(parent)) {
        const removed = await rclone.run(limits, ["rmdir", at(parent)], { isExpected: () => true });
        if (removed.exitCode !== 0) return;
      }
    },
  };
}

/** Whether it is there and can be written. Object stores have no directories: there, a base may begin with its first file. */
async function checkBase(
  rclone: Rclone,
  base: string,
  at: (path: string) => string,
  limits: RemoteLimits,
): Promise<void> {
  if ((await statOf(rclone, base, limits)) === undefined) {
    const features = await rclone.run(limits, ["backend", "features", base], { isExpected: () => true });
    if (!/"BucketBased":\s*true/.test(features.stdout)) {
      throw new OpsError(`Cannot find the base "${base}"`, {
        outcome: "failed",
        hint: `Create it (rclone mkdir '${base}'), or mount what holds it`,
      });
    }
  }
  const probe = at(".lastgood-write-test");
  await rclone.run(limits, ["rcat", probe], { input: "test" });
  await rclone.run(limits, ["deletefile", probe]);
}

/** What is there; undefined for nothing. */
async function statOf(
  rclone: Rclone,
  path: string,
  limits: RemoteLimits,
): Promise<{ readonly isDirectory: boolean } | undefined> {
  const answer = await rclone.run(limits, ["lsjson", "--stat", path], { isExpected: isNotFound });
  if (answer.exitCode !== 0 || answer.stdout.trim() === "null") return undefined;
  return { isDirectory: /"IsDir":\s*true/.test(answer.stdout) };
}

function hashOf(answer: string): string | undefined {
  return /^([0-9a-f]{64})\b/m.exec(answer)?.[1];
}
