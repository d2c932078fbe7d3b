/**
 * A directory of this host as a store: a NAS that is mounted, a disk that is plugged in.
 *
 * This process never touches it: what waits for a disk that hangs cannot even be killed, and would keep this process, and the
 * job's lock with it, until the disk answers.
 */
import { join } from "node:path";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import { checkMount } from "#lib/preflight/check-mount.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";
import { createShellOperations } from "#lib/stores/shell-remote.ts";
import { copyScript, prepareScript, writableScript } from "#lib/stores/shell-scripts.ts";
import { createStoreShell } from "#lib/stores/store-shell.ts";
import { feedFile } from "#lib/tools/feed-file.ts";
import { findHasher, hashMedium } from "#lib/tools/medium-hash.ts";

export interface DirectoryAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

type DirectoryTarget = StoreTarget & {
  readonly address: Extract<StoreAddress, { readonly kind: "directory" }>;
};

export function createDirectoryRemote(
  target: DirectoryTarget,
  { exec, clock, env }: DirectoryAccess,
): Remote {
  const base = target.address.path;
  const shell = createStoreShell({
    description: base,
    base,
    wrap: (words) => words,
    silence: { reason: "no answer from the file system", hint: "Look at its mount" },
    exec,
    env,
  });
  return {
    ...createShellOperations(shell, ({ timeoutMs }) => timeoutMs * 10),
    description: base,
    programs: [{ program: "dd", package: "coreutils" }],
    check: async (limits) => {
      await checkBase(target, exec, limits);
      await shell.run({ action: "work", script: writableScript }, limits);
    },
    upload: async (localPath, path, transfer) => {
      const { signal, stallMs } = transfer;
      const action = `write "${path}"`;
      const name = checkRemotePath(path).slice(path.lastIndexOf("/") + 1);
      const order = { action, script: prepareScript, parameters: [remoteParent(path) || ".", name] };
      await shell.run(order, { signal, timeoutMs: stallMs });
      const command = shell.command(copyScript, path);
      const end = await feedFile({ ...transfer, localPath, offset: 0, command, env, clock });
      if (end.exitCode !== 0) throw shell.failure(action, end.exitCode, end.stderr);
    },
    hash: async (path, { signal, stallMs }) => {
      const file = join(base, checkRemotePath(path));
      const hasher = await findHasher(exec, signal);
      try {
        return (await hashMedium({ path: file, hasher, env, stallMs, signal })).sha256;
      } catch (cause) {
        signal.throwIfAborted();
        throw new OpsError(`Cannot read back "${file}"`, { outcome: "failed", cause });
      }
    },
  };
}

/** That it is there, and that what belongs there is mounted: an empty mount point would take everything. */
async function checkBase(
  { address, mount }: DirectoryTarget,
  exec: Exec,
  { signal, timeoutMs }: RemoteLimits,
): Promise<void> {
  const asker = { exec, signal, timeoutMs };
  const findings = [
    ...(mount === undefined ? [] : [await checkMount(asker, mount)]),
    await checkDirectory(asker, "store", address.path),
  ];
  const failed = findings.find((finding) => !finding.passed);
  if (failed !== undefined) throw new OpsError(failed.message, { outcome: "failed", hint: failed.hint });
}
