/** A directory on a host that is reached by ssh, as a store. */
import { Buffer } from "node:buffer";
import { stat } from "node:fs/promises";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";
import type { Remote, RemoteLimits, RemoteManifest, Transfer } from "#lib/stores/remote.ts";
import { connectSsh, type SshConnection, sshError } from "#lib/stores/ssh-connection.ts";
import {
  checkScript,
  emptyScript,
  hashScript,
  listScript,
  manifestsScript,
  readScript,
  removeScript,
  renameScript,
  sizeScript,
  uploadScript,
  writeScript,
} from "#lib/stores/ssh-scripts.ts";
import { feedFile } from "#lib/tools/feed-file.ts";

export interface SshAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

type SshTarget = StoreTarget & { readonly address: Extract<StoreAddress, { readonly kind: "ssh" }> };

/** A hash may take as long as it needs: the store's own time limit ends it. */
const dayMs = 86_400_000;

export function createSshRemote(target: SshTarget, access: SshAccess): Remote {
  const { user, host, path } = target.address;
  const connection = connectSsh(target, path, host, access.exec);
  const description = `ssh ${user === undefined ? "" : `${user}@`}${host}:${path}`;
  const fail = (action: string, answer: string) =>
    new OpsError(
      `Cannot ${action} on ${description}: its answer is not whole ("${answer.slice(-80).trim()}")`,
      {
        outcome: "failed",
        hint: "Does a login script there print something, or was the connection cut?",
      },
    );
  return {
    description,
    programs: [{ program: "ssh", package: "openssh-client" }],
    check: async (limits) => {
      const answer = await connection.run(limits, checkScript);
      if (!/^ready$/m.test(answer)) throw fail("work", answer);
    },
    list: async (directory, limits) => {
      const parameter = directory === "" ? "." : checkRemotePath(directory);
      const answer = await connection.run(limits, listScript, parameter);
      const [, names, count] = /^begin\n([\s\S]*)^end (\d+)\n$/m.exec(answer) ?? [];
      const found = names?.split("\n").slice(0, -1) ?? [];
      if (count === undefined || found.length !== Number(count)) throw fail(`list "${directory}"`, answer);
      return found;
    },
    readManifests: (depth, limits) =>
      readManifests(connection, depth, limits, (answer) => fail("list the sets", answer)),
    upload: (localPath, remotePath, transfer) =>
      upload(connection, access, description, { localPath, remotePath, transfer }),
    hash: async (remotePath, { signal }) => {
      const answer = await connection.run(
        { signal, timeoutMs: dayMs },
        hashScript,
        checkRemotePath(remotePath),
      );
      const hash = /^hash .*?\b([0-9a-f]{64})\b/m.exec(answer)?.[1];
      if (hash === undefined) throw fail(`hash "${remotePath}"`, answer);
      return hash;
    },
    writeFile: (remotePath, text, limits) => {
      const parent = remoteParent(checkRemotePath(remotePath));
      const name = remotePath.slice(parent === "" ? 0 : parent.length + 1);
      return connection.write(limits, text, writeScript, parent || ".", name);
    },
    readFile: async (remotePath, limits) => {
      const answer = await connection.run(limits, readScript, checkRemotePath(remotePath));
      if (/^begin\nmissing\n$/m.test(answer)) return undefined;
      const text = /^begin\n([\s\S]*)\nend\n$/m.exec(answer)?.[1];
      if (text === undefined) throw fail(`read "${remotePath}"`, answer);
      return text;
    },
    rename: async (from, to, limits) => {
      const parent = remoteParent(checkRemotePath(to)) || ".";
      const answer = await connection.run(limits, renameScript, checkRemotePath(from), to, parent);
      if (/^taken$/m.test(answer)) return false;
      if (!/^renamed$/m.test(answer)) throw fail(`rename "${from}"`, answer);
      return true;
    },
    remove: async (remotePath, { signal }) => {
      await connection.run({ signal, timeoutMs: dayMs }, removeScript, checkRemotePath(remotePath));
    },
    removeEmptyParents: async (remotePath, limits) => {
      await connection.run(limits, emptyScript, remoteParent(checkRemotePath(remotePath)));
    },
  };
}

/** Sizes of all manifests first, then all their bytes: two programs however many sets there are. */
async function readManifests(
  connection: SshConnection,
  depth: number,
  limits: RemoteLimits,
  fail: (answer: string) => OpsError,
): Promise<readonly RemoteManifest[]> {
  const answer = await connection.run(limits, manifestsScript(depth));
  const [, count, rest] = /^begin (\d+)\n([\s\S]*)\nend\n$/m.exec(answer) ?? [];
  if (count === undefined || rest === undefined) throw fail(answer);
  if (count === "0") return [];
  const [, table, content] = /^([\s\S]*?)^content\n([\s\S]*)$/m.exec(rest) ?? [];
  const rows = [...(table ?? "").matchAll(/^\s*(\d+) (.+)$/gm)].slice(0, Number(count));
  const bytes = Buffer.from(content ?? "", "utf8");
  const total = rows.reduce((sum, row) => sum + Number(row[1]), 0);
  if (rows.length !== Number(count) || total !== bytes.length) throw fail(answer);
  let at = 0;
  return rows.map((row) => {
    const size = Number(row[1]);
    at += size;
    const path = remoteParent((row[2] ?? "").replace(/^\.\//, ""));
    return { path, text: bytes.subarray(at - size, at).toString("utf8") };
  });
}

interface Upload {
  readonly localPath: string;
  readonly remotePath: string;
  readonly transfer: Transfer;
}

/** What lies there already is taken for the beginning; whether it is, the hash of the whole will say. */
async function upload(
  connection: SshConnection,
  access: SshAccess,
  description: string,
  { localPath, remotePath, transfer }: Upload,
): Promise<void> {
  const { signal, stallMs } = transfer;
  const parent = remoteParent(checkRemotePath(remotePath)) || ".";
  const name = remotePath.slice(remotePath.lastIndexOf("/") + 1);
  const { size } = await stat(localPath);
  const there = sizeOf(await connection.run({ signal, timeoutMs: stallMs }, sizeScript, remotePath));
  const offset = there !== undefined && there <= size ? there : 0;
  const end = await feedFile({
    ...transfer,
    localPath,
    offset,
    command: connection.command(uploadScript, parent, name, String(offset)),
    env: access.env,
    clock: access.clock,
  });
  if (end.exitCode !== 0) throw sshError(`upload "${name}" to`, description, end.exitCode, end.stderr);
  const arrived = sizeOf(end.stdout);
  if (arrived === size) return;
  throw new OpsError(
    `Cannot upload "${name}" to ${description}: ${arrived ?? "no"} bytes arrived of ${size}`,
    {
      outcome: "failed",
      hint: "The connection was cut, or its disk is full; the next run goes on where this one was",
    },
  );
}

function sizeOf(answer: string): number | undefined {
  const size = /^size\s+(\d+)/m.exec(answer)?.[1];
  return size === undefined ? undefined : Number(size);
}
