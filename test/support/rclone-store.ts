/** A store that is a remote of rclone, of every kind that behaves in a way of its own. */
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRcloneRemote } from "#lib/stores/rclone-remote.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { targetOf } from "#test/support/faulty-remote.ts";
import { type ObjectServer, startObjectServer } from "#test/support/object-server.ts";
import { type ServeOptions, startRcloneServer } from "#test/support/rclone-server.ts";
import { type Sandbox, treeOf } from "#test/support/sandbox.ts";

/** "unmovable" is a directory whose files can be moved by copies alone, and its directories not at all. */
export type StoreKind = "webdav" | "sftp" | "local" | "objects" | "unmovable";

export const storeKinds: readonly StoreKind[] = ["webdav", "sftp", "local", "objects", "unmovable"];

interface RemoteOptions {
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function rcloneRemote(sandbox: Sandbox, remote: string, options: RemoteOptions = {}): Remote {
  const address = { kind: "rclone", remote } as const;
  const env = { ...sandbox.environment, ...options.env };
  return createRcloneRemote(
    { ...targetOf({ address, rcloneConfig: options.config, stallMs: 20_000 }), address },
    { exec: createExec(env), clock: systemClock, env, cacheDirectory: sandbox.path("cache") },
  );
}

export interface OpenedStore extends AsyncDisposable {
  readonly remote: Remote;
  /** Every file below the base, sorted. */
  readonly files: () => Promise<readonly string[]>;
  /** Behind the remote's back. */
  readonly read: (path: string) => Buffer;
  readonly write: (path: string, text: string) => void;
  readonly removeFile: (path: string) => void;
  /** Where there are any. */
  readonly objects: ObjectServer | undefined;
}

const baseName = "the base";

export async function openRcloneStore(
  sandbox: Sandbox,
  kind: StoreKind,
  server: Pick<ServeOptions, "remembers"> = {},
): Promise<OpenedStore> {
  return kind === "objects" ? openObjects(sandbox) : openDirectory(sandbox, kind, server);
}

async function openDirectory(
  sandbox: Sandbox,
  kind: Exclude<StoreKind, "objects">,
  serve: Pick<ServeOptions, "remembers">,
): Promise<OpenedStore> {
  const base = sandbox.path("served", baseName);
  mkdirSync(base, { recursive: true });
  const server =
    kind === "webdav" || kind === "sftp"
      ? await startRcloneServer({ protocol: kind, directory: sandbox.path("served"), ...serve })
      : undefined;
  const env = kind === "unmovable" ? { RCLONE_DISABLE: "DirMove,Move" } : {};
  const remote =
    server === undefined
      ? rcloneRemote(sandbox, `:local:${base}`, { env })
      : rcloneRemote(sandbox, `served:${baseName}`, { config: server.configFile });
  return {
    remote,
    files: async () => (await treeOf(base)).filter((path) => !path.endsWith("/")),
    read: (path) => readFileSync(join(base, path)),
    write: (path, text) => {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), text);
    },
    removeFile: (path) => rmSync(join(base, path)),
    objects: undefined,
    [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose](),
  };
}

async function openObjects(sandbox: Sandbox): Promise<OpenedStore> {
  const objects = startObjectServer();
  const config = await sandbox.write("objects.conf", objectsConfig(objects.url));
  const keyOf = (path: string) => `${baseName}/${path}`;
  return {
    remote: rcloneRemote(sandbox, `cloud:bucket/${baseName}`, { config }),
    files: async () =>
      [...objects.objects.keys()]
        .map((key) => key.slice(baseName.length + 1))
        .sort((a, b) => (a < b ? -1 : 1)),
    read: (path) => {
      const content = objects.objects.get(keyOf(path));
      if (content === undefined) throw new Error(`There is no "${path}"`);
      return content;
    },
    write: (path, text) => objects.put(keyOf(path), Buffer.from(text)),
    removeFile: (path) => objects.objects.delete(keyOf(path)),
    objects,
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
}

export function objectsConfig(url: string): string {
  const keys = "access_key_id = key\nsecret_access_key = secret\nlist_version = 2\nforce_path_style = true";
  return `[cloud]\ntype = s3\nprovider = Other\nendpoint = ${url}\n${keys}\n`;
}

/** Make a file look as old as it was, whatever has been done to it. */
export function changeUnseen(path: string, change: (content: Buffer) => void): void {
  const { atime, mtime } = statSync(path);
  const content = readFileSync(path);
  change(content);
  writeFileSync(path, content);
  utimesSync(path, atime, mtime);
}
