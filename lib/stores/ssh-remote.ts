/** A directory on a host that is reached by ssh, as a store. */
import { stat } from "node:fs/promises";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { Remote, Transfer } from "#lib/stores/remote.ts";
import { createShellOperations } from "#lib/stores/shell-remote.ts";
import { hashScript, readyScript, sizeScript, uploadScript } from "#lib/stores/shell-scripts.ts";
import { type SshTarget, wrapForSsh } from "#lib/stores/ssh-shell.ts";
import { createStoreShell, type StoreShell } from "#lib/stores/store-shell.ts";
import { feedFile } from "#lib/tools/feed-file.ts";

export interface SshAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

/** A hash or a removal may take as long as it needs: ssh notices a host that has gone, the store's own time limit ends the rest. */
const dayMs = 86_400_000;

export function createSshRemote(target: SshTarget, access: SshAccess): Remote {
  const { user, host, path } = target.address;
  const description = `ssh ${user === undefined ? "" : `${user}@`}${host}:${path}`;
  const shell = createStoreShell({
    ...access,
    description,
    base: path,
    wrap: (words) => wrapForSsh(target, words),
    silence: { reason: "no answer", hint: "Is the host up, or does its disk hang?" },
  });
  return {
    ...createShellOperations(shell, () => dayMs),
    description,
    programs: [{ program: "ssh", package: "openssh-client", versionFlag: "-V" }],
    check: async (limits) => {
      const answer = await shell.run({ action: "work", script: readyScript }, limits);
      if (!/^ready$/m.test(answer)) throw shell.unclear("work", answer);
    },
    upload: (localPath, remotePath, transfer) => upload(shell, access, { localPath, remotePath, transfer }),
    hash: async (remotePath, { signal }) => {
      const action = `hash "${remotePath}"`;
      const order = { action, script: hashScript, parameters: [checkRemotePath(remotePath)] };
      const answer = await shell.run(order, { signal, timeoutMs: dayMs });
      const hash = /^hash .*?\b([0-9a-f]{64})\b/m.exec(answer)?.[1];
      if (hash === undefined) throw shell.unclear(action, answer);
      return hash;
    },
  };
}

interface Upload {
  readonly localPath: string;
  readonly remotePath: string;
  readonly transfer: Transfer;
}

/** What lies there already is taken for the beginning; whether it is, the hash of the whole will say. */
async function upload(
  shell: StoreShell,
  { env, clock }: SshAccess,
  { localPath, remotePath, transfer }: Upload,
): Promise<void> {
  const { signal, stallMs } = transfer;
  const action = `upload "${remotePath}"`;
  const parent = remoteParent(checkRemotePath(remotePath)) || ".";
  const name = remotePath.slice(remotePath.lastIndexOf("/") + 1);
  const { size } = await stat(localPath);
  const order = { action, script: sizeScript, parameters: [remotePath] };
  const there = sizeOf(await shell.run(order, { signal, timeoutMs: stallMs }));
  const offset = there !== undefined && there <= size ? there : 0;
  const command = shell.command(uploadScript, parent, name, String(offset));
  const end = await feedFile({ ...transfer, localPath, offset, command, env, clock });
  if (end.exitCode !== 0) throw shell.failure(action, end.exitCode, end.stderr);
  const arrived = sizeOf(end.stdout);
  if (arrived === undefined) throw shell.unclear(action, end.stdout);
  if (arrived === size) return;
  throw new OpsError(`Cannot upload "${remotePath}": ${arrived} bytes arrived of ${size}`, {
    outcome: "failed",
    hint: "The connection was cut, or its disk is full; the next run goes on where this one was",
  });
}

function sizeOf(answer: string): number | undefined {
  const size = /^size (\d+)$/m.exec(answer)?.[1];
  return size === undefined ? undefined : Number(size);
}
