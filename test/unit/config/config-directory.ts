/** A directory with configurations in it, and requests to load them. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigRequest } from "#lib/config/load-config.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createExec } from "#lib/tools/exec.ts";

export interface ConfigDirectory extends AsyncDisposable {
  readonly path: string;
  /** Write a file; gives its absolute path. */
  readonly write: (name: string, text: string | Uint8Array, mode?: number) => Promise<string>;
  readonly request: (configFlag: string | undefined, changes?: Partial<ConfigRequest>) => ConfigRequest;
}

/** The least that is valid. */
export const least = "APP_DIR=/srv/app\nBACKUP_DIR=/mnt/backup\n";

export async function createConfigDirectory(): Promise<ConfigDirectory> {
  const path = await mkdtemp(join(tmpdir(), "lastgood-config-"));
  return {
    path,
    write: async (name, text, mode = 0o600) => {
      const file = join(path, name);
      await writeFile(file, text);
      await chmod(file, mode);
      return file;
    },
    request: (configFlag, changes = {}) => ({
      configFlag,
      env: {},
      cwd: path,
      uid: process.getuid?.() ?? 0,
      home: "/home/me",
      hostname: "Web1.Example.org",
      deps: { exec: createExec({ PATH: process.env.PATH ?? "" }) },
      ...changes,
    }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** The error that an action is refused with. */
export async function refusalOf(action: Promise<unknown>): Promise<OpsError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error("It was not refused");
}
