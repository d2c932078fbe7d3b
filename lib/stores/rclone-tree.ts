/** What a remote of rclone holds; an answer is whole or an error. */
import { OpsError } from "#lib/core/ops-error.ts";
import {
  parseEntries,
  parseFeatures,
  parseStat,
  type RcloneEntry,
  type RcloneFeatures,
} from "#lib/core/rclone-answers.ts";
import { isNotFound } from "#lib/core/rclone-words.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { Rclone } from "#lib/stores/rclone-command.ts";
import type { RemoteLimits } from "#lib/stores/remote.ts";

export interface RcloneTree {
  readonly base: string;
  /** `path` as rclone takes it. Throws OpsError "failed" unless it lies below the base. */
  readonly at: (path: string) => string;
  /** Throws OpsError "failed" when the base is not there. A place in an object store's bucket is always there. */
  readonly checkBase: (limits: RemoteLimits) => Promise<void>;
  /** Entries of a directory; none when it does not exist. */
  readonly list: (directory: string, limits: RemoteLimits) => Promise<readonly RcloneEntry[]>;
  /** Everything below the base that `options` let through. */
  readonly listAll: (options: readonly string[], limits: RemoteLimits) => Promise<readonly RcloneEntry[]>;
  /** Undefined when nothing has that name. */
  readonly find: (path: string, limits: RemoteLimits) => Promise<RcloneEntry | undefined>;
  readonly features: (limits: RemoteLimits) => Promise<RcloneFeatures>;
}

export function openRcloneTree(rclone: Rclone, base: string): RcloneTree {
  const at = (path: string) => {
    const inside = checkRemotePath(path);
    return /[:/]$/.test(base) ? `${base}${inside}` : `${base}/${inside}`;
  };
  const notWhole = (path: string) =>
    new OpsError(`Cannot list "${path}" in ${rclone.description}: rclone's answer is not whole`, {
      outcome: "failed",
    });
  const checkBase = async (limits: RemoteLimits) => {
    const answer = await rclone.run(limits, ["lsjson", "--stat", base], { isExpected: isNotFound });
    const found = answer.exitCode === 0 ? parseStat(answer.stdout) : undefined;
    if (found?.isDirectory === true) return;
    const what =
      found === undefined ? `Cannot find the base "${base}"` : `The base "${base}" is no directory`;
    throw new OpsError(what, {
      outcome: "failed",
      hint: `Create it (rclone mkdir '${base}'), or mount what holds it`,
    });
  };
  const list: RcloneTree["list"] = async (directory, limits) => {
    const path = directory === "" ? base : at(directory);
    const answer = await rclone.run(limits, ["lsjson", "--no-mimetype", path], { isExpected: isNotFound });
    if (answer.exitCode !== 0) {
      // Nothing is known of a directory whose base has gone.
      await checkBase(limits);
      return [];
    }
    const entries = parseEntries(answer.stdout);
    if (entries === undefined) throw notWhole(path);
    return entries;
  };
  return {
    base,
    at,
    checkBase,
    list,
    listAll: async (options, limits) => {
      // "Not found" is no empty answer here: it is said of a directory below that has gone meanwhile as well.
      const answer = await rclone.run(limits, ["lsjson", "--no-mimetype", "--recursive", ...options, base]);
      const entries = parseEntries(answer.stdout);
      if (entries === undefined) throw notWhole(base);
      return entries;
    },
    find: async (path, limits) => {
      // By its parent: of an object store, rclone says that every directory that one asks for is there.
      const parent = remoteParent(checkRemotePath(path));
      const entries = await list(parent, limits);
      return entries.find(({ Name }) => Name === (parent === "" ? path : path.slice(parent.length + 1)));
    },
    features: async (limits) => {
      const { stdout } = await rclone.run(limits, ["backend", "features", base]);
      const features = parseFeatures(stdout);
      if (features !== undefined) return features;
      throw new OpsError(`Cannot use ${rclone.description}: rclone does not say what it can do`, {
        outcome: "failed",
        hint: "rclone 1.60 or later is needed",
      });
    },
  };
}
