/** Find and read a job's file, as data: it is parsed, never sourced. */
import { type FileHandle, open } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { parse as parseDotenv } from "dotenv";
import type { ConfigRequest } from "#lib/config/load-config.ts";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";

export interface ConfigFile {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  /** Text of each key as it stands, and its line. */
  readonly values: ReadonlyMap<string, { readonly text: string; readonly line: number }>;
  /** Lines that mean nothing, keys given twice. */
  readonly problems: readonly string[];
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

/** The first file that is there. Throws OpsError "config" that names every place looked at. */
export async function readConfigFile(request: ConfigRequest): Promise<ConfigFile> {
  const candidates = candidatePaths(request);
  for (const path of candidates) {
    let file: FileHandle;
    try {
      file = await open(path, "r");
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") continue;
      throw new OpsError(`Cannot read the configuration "${path}"`, {
        outcome: errorCode(cause) === "EACCES" ? "denied" : "config",
        hint: "Run as the user who owns it, or give another one with --config FILE",
        cause,
      });
    }
    await using opened = file;
    // Of the open file, so that what is judged is what is read.
    const { mode, uid } = await opened.stat();
    return { path, mode, uid, ...parseConfig(path, await readText(opened, path)) };
  }
  throw new OpsError(`Cannot find a configuration: looked for ${candidates.join(", ")}`, {
    outcome: "config",
    hint: `Make one: backup-run --print-config > '${candidates[0]}', then chmod 600 it`,
  });
}

async function readText(file: FileHandle, path: string): Promise<string> {
  try {
    return (await file.readFile("utf8")).replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new OpsError(`Cannot read the configuration "${path}"`, { outcome: "config", cause });
  }
}

/** dotenv gives the values; the scan gives lines, and what dotenv would pass over in silence. */
export function parseConfig(path: string, text: string): Pick<ConfigFile, "values" | "problems"> {
  const parsed = parseDotenv(text);
  const { keys, problems } = scanLines(path, text.split(/\r?\n/));
  const values = new Map<string, { text: string; line: number }>();
  for (const { key, line } of keys) {
    const earlier = values.get(key);
    if (earlier !== undefined)
      problems.push(`${path}:${line} ${key} is given twice, first in line ${earlier.line}`);
    else values.set(key, { text: parsed[key] ?? "", line });
  }
  return { values, problems };
}

function scanLines(path: string, lines: readonly string[]) {
  const keys: { readonly key: string; readonly line: number }[] = [];
  const problems: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) {
      problems.push(
        `${path}:${index + 1} is no setting: expected KEY=value, found "${line.trim().slice(0, 40)}"`,
      );
      continue;
    }
    keys.push({ key: match[1], line: index + 1 });
    const quote = /^["'`]/.exec(match[2])?.[0];
    if (quote === undefined) {
      if (/\S#/.test(match[2]))
        problems.push(`${path}:${index + 1} ${match[1]} holds a "#": put the value in quotes`);
      continue;
    }
    const end = endOfQuoted(lines, index, match[2].slice(1), quote);
    if (end === undefined) {
      problems.push(`${path}:${index + 1} ${match[1]} has no closing ${quote}`);
      break;
    }
    index = end;
  }
  return { keys, problems };
}

/** Index of the line on which a quoted value ends. */
function endOfQuoted(
  lines: readonly string[],
  start: number,
  first: string,
  quote: string,
): number | undefined {
  const isClosed = (text: string) => text.replaceAll(`\\${quote}`, "").includes(quote);
  if (isClosed(first)) return start;
  for (let index = start + 1; index < lines.length; index += 1) {
    if (isClosed(lines[index] ?? "")) return index;
  }
  return undefined;
}
