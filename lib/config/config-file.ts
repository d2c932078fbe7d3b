/** Find and read a job's file, as data: it is parsed, never sourced. */
import { type FileHandle, open } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { checkFileMode } from "#lib/config/check-file-mode.ts";
import type { ConfigRequest } from "#lib/config/load-config.ts";
import { type ConfigText, parseConfig } from "#lib/config/parse-config.ts";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";

export interface ConfigFile extends ConfigText {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
}

/** Base name without `.env`. */
export function jobOfFile(path: string): string {
  return (path.split("/").at(-1) ?? "").replace(/\.env$/, "");
}

/** Absolute directory of the user's configuration, by the XDG rules: a relative value is ignored. */
export function xdgDirectory(env: ConfigRequest["env"], name: string, fallback: string): string {
  const value = env[name];
  return value !== undefined && isAbsolute(value) ? value : fallback;
}

/** Where the file may be, in the order in which it is looked for. */
export function candidatePaths({ configFlag, env, cwd, home }: ConfigRequest): string[] {
  const user = join(xdgDirectory(env, "XDG_CONFIG_HOME", join(home, ".config")), "lastgood");
  const isName = configFlag !== undefined && !configFlag.includes("/") && !configFlag.endsWith(".env");
  if (configFlag !== undefined && !isName) return [resolve(cwd, configFlag)];
  const name = `${configFlag ?? "backup"}.env`;
  return [join("/etc/lastgood", name), join(user, name)];
}

/**
 * The first file that is there. Throws OpsError "config" that names every place looked at, and "denied" before a byte is
 * read when somebody else could have written it.
 */
export async function readConfigFile(request: ConfigRequest): Promise<ConfigFile> {
  const candidates = candidatePaths(request);
  for (const path of candidates) {
    let file: FileHandle;
    try {
      file = await open(path, "r");
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") continue;
      throw cannotRead(path, cause);
    }
    await using opened = file;
    // Of the open file, so that what is judged is what is read.
    const { mode, uid } = await opened.stat();
    checkFileMode({ path, mode, uid }, request.uid, false);
    return { path, mode, uid, ...parseConfig(path, await readText(opened, path)) };
  }
  throw new OpsError(`Cannot find a configuration: looked for ${candidates.join(", ")}`, {
    outcome: "config",
    hint: `Make one: backup-run --print-config > '${candidates[0]}', then chmod 600 it`,
  });
}

async function readText(file: FileHandle, path: string): Promise<string> {
  try {
    return await file.readFile("utf8");
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): OpsError {
  const who = errorCode(cause) === "EACCES" ? "Run as the user who owns it, or give" : "Give";
  return new OpsError(`Cannot read the configuration "${path}"`, {
    outcome: "config",
    hint: `${who} a file that can be read with --config FILE`,
    cause,
  });
}
