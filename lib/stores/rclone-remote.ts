/**
 * Any remote of rclone as a store. Nothing here mirrors: rclone is told to copy one file, to move one directory, to remove
 * one directory, each by its own path.
 */
import { OpsError } from "#lib/core/ops-error.ts";
import { findTlsAddress } from "#lib/core/rclone-address.ts";
import { parseHash } from "#lib/core/rclone-answers.ts";
import { isNotFound } from "#lib/core/rclone-words.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";
import { createRclone, type Rclone, type RcloneTools } from "#lib/stores/rclone-command.ts";
import { readRcloneManifests } from "#lib/stores/rclone-manifests.ts";
import { renameDirectory } from "#lib/stores/rclone-rename.ts";
import { openRcloneTree, type RcloneTree } from "#lib/stores/rclone-tree.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";
import { withWorkDirectory } from "#lib/stores/work-directory.ts";
import { readCertificateEnd } from "#lib/tools/tls-certificate.ts";

export interface RcloneAccess extends RcloneTools {
  /** Manifests that have been read: they never change. */
  readonly cacheDirectory: string;
}

type RcloneTarget = StoreTarget & { readonly address: Extract<StoreAddress, { readonly kind: "rclone" }> };

/** What carries bytes may take as long as it needs: `--timeout` ends what moves nothing, the store's limit all else. */
const dayMs = 86_400_000;

export function createRcloneRemote(target: RcloneTarget, access: RcloneAccess): Remote {
  const { clock, cacheDirectory } = access;
  const base = target.address.remote;
  const rclone = createRclone(target, `rclone ${base}`, access);
  const tree = openRcloneTree(rclone, base);
  /** By a local file: what rclone reads from its input may be neither empty nor sent again. */
  const putText = (path: string, text: string, limits: RemoteLimits) =>
    withWorkDirectory(cacheDirectory, clock, async (work) => {
      await rclone.run(limits, ["copyto", "--ignore-times", await work.write("text", text), tree.at(path)]);
    });
  return {
    description: rclone.description,
    programs: [{ program: "rclone", package: "rclone" }],
    check: async (limits) => {
      await tree.checkBase(limits);
      const probe = ".lastgood-write-test";
      await putText(probe, "test\n", limits);
      // Another job with the same base may have removed it at this moment.
      await remove(rclone, tree, probe, limits);
    },
    certificateEnd: async (limits) => {
      const { stdout } = await rclone.run(limits, ["config", "dump"]);
      const address = findTlsAddress(stdout, base);
      if (address === undefined) return undefined;
      const signal = AbortSignal.any([limits.signal, AbortSignal.timeout(limits.timeoutMs)]);
      return readCertificateEnd(address, signal);
    },
    list: async (directory, limits) => {
      const entries = await tree.list(directory, limits);
      return entries.map(({ Name }) => Name);
    },
    readManifests: (depth, limits) =>
      readRcloneManifests({ rclone, tree, clock, cacheDirectory }, depth, limits),
    upload: async (localPath, path, transfer) => {
      const file = tree.at(path);
      // rclone makes every directory on its way, and the base may be a mount point.
      await tree.checkBase({ signal: transfer.signal, timeoutMs: transfer.stallMs });
      await rclone.copy(localPath, file, transfer);
    },
    hash: (path, { signal }) => hash(rclone, tree.at(path), { signal, timeoutMs: dayMs }),
    writeFile: async (path, text, limits) => {
      await tree.checkBase(limits);
      await putText(`${path}.new`, text, limits);
      await rclone.run(limits, ["moveto", "--ignore-times", tree.at(`${path}.new`), tree.at(path)]);
    },
    readFile: async (path, limits) => {
      const result = await rclone.run(limits, ["cat", tree.at(path)], { isExpected: isNotFound });
      if (result.exitCode === 0 && result.stdout !== "") return result.stdout;
      // An object store says nothing of what is not there, and nothing is what an empty file holds.
      return (await tree.find(path, limits)) === undefined ? undefined : "";
    },
    rename: (from, to, limits) => renameDirectory(rclone, tree, { from, to }, limits),
    remove: (path, limits) => remove(rclone, tree, path, limits),
    removeEmptyParents: async (path, limits) => {
      for (let parent = remoteParent(checkRemotePath(path)); parent !== ""; parent = remoteParent(parent)) {
        // An empty directory that stays does no harm, whyever it does.
        const removed = await rclone.run(limits, ["rmdir", tree.at(parent)], { isExpected: () => true });
        if (removed.exitCode !== 0) return;
      }
    },
  };
}

/** Over sftp rclone would empty what a symlink leads to; of local ones it removes only those that it was told to see. */
const linkSettings = { RCLONE_SFTP_SKIP_LINKS: "true", RCLONE_LINKS: "true" };

async function remove(rclone: Rclone, tree: RcloneTree, path: string, limits: RemoteLimits): Promise<void> {
  const found = await tree.find(path, limits);
  if (found === undefined) return;
  const command = [found.IsDir ? "purge" : "deletefile", tree.at(path)];
  await rclone.run({ ...limits, timeoutMs: dayMs }, command, { env: linkSettings, isExpected: isNotFound });
}

/** What the remote says of its own file, else of what it gives back. */
async function hash(rclone: Rclone, file: string, limits: RemoteLimits): Promise<string> {
  // A "hasher" in front of it would answer with what was sent: nothing that it remembers is young enough.
  const env = { RCLONE_HASHER_MAX_AGE: "0" };
  const own = await rclone.run(limits, ["hashsum", "sha256", file], { env, isExpected: () => true });
  const said = own.exitCode === 0 ? parseHash(own.stdout) : undefined;
  if (said !== undefined) return said;
  const { stdout } = await rclone.run(limits, ["hashsum", "sha256", "--download", file]);
  const read = parseHash(stdout);
  if (read !== undefined) return read;
  throw new OpsError(`Cannot hash "${file}": rclone printed no SHA-256`, { outcome: "failed" });
}
