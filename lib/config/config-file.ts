/** Find and read a job's file, as data: it is parsed, never sourced. */
import { type FileHandle, lstat, open, readdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { checkFileMode } from "#lib/config/check-file-mode.ts";
import type { ConfigRequest } from "#lib/config/load-config.ts";
import { type ConfigText, parseConfig } from "#lib/config/parse-config.ts";
import type { Exec } from "#lib/core/deps.ts";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

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

const patienceMs = 10_000;

const shownJobs = 5;

/** The job that needs no file. */
const predeployJob = "predeploy";

/**
 * Where the file may be, in the order in which it is looked for.
 *
 * Whoever is not root begins with their own: root's directory is not theirs to read, and its jobs are not theirs to run.
 */
export function candidatePaths({ configFlag, env, cwd, home, purpose, uid }: ConfigRequest): string[] {
  const user = join(xdgDirectory(env, "XDG_CONFIG_HOME", join(home, ".config")), "lastgood");
  const isName = configFlag !== undefined && !configFlag.includes("/") && !configFlag.endsWith(".env");
  if (configFlag !== undefined && !isName) return [resolve(cwd, configFlag)];
  const name = `${configFlag ?? (purpose === "predeploy" ? predeployJob : "backup")}.env`;
  const paths = [join("/etc/lastgood", name), join(user, name)];
  return uid === 0 ? paths : paths.toReversed();
}

/**
 * The first file that is there. Throws OpsError "config" that names every place looked at, and "denied" before a byte is
 * read when somebody else could have written it.
 */
export async function readConfigFile(request: ConfigRequest): Promise<ConfigFile> {
  const candidates = candidatePaths(request);
  const { answerMs = patienceMs } = request;
  for (const path of candidates) {
    let file: FileHandle;
    try {
      file = await withDeadline(openFile(path, request.deps.exec, answerMs), answerMs, `open "${path}"`);
    } catch (cause) {
      if (errorCode(cause) === "ENOENT") continue;
      throw cannotRead(path, cause);
    }
    await using opened = file;
    // Of the open file, so that what is judged is what is read.
    const { mode, uid } = await opened.stat();
    checkFileMode({ path, mode, uid }, request.uid, false);
    return { path, mode, uid, ...parseConfig(path, await readText(opened, path, answerMs)) };
  }
  const [first = ""] = candidates;
  if (isNeedless(request, first)) {
    return { path: first, mode: 0o600, uid: request.uid, values: new Map(), problems: [] };
  }
  throw new OpsError(`Cannot find a configuration: looked for ${candidates.join(", ")}`, {
    outcome: "config",
    hint:
      (await describeJobs(candidates)) ??
      `Make one: backup-run --print-config > '${first}', then chmod 600 it`,
  });
}

/** The jobs that there are instead, for a hint: what cannot be listed has none. */
async function describeJobs(candidates: readonly string[]): Promise<string | undefined> {
  if (candidates.length === 1) return undefined;
  const listed = await Promise.all(
    candidates.map((path) => readdir(dirname(path)).catch((): string[] => [])),
  );
  const names = new Set(listed.flat().filter((name) => /^[^.].*\.env$/.test(name)));
  const jobs = Array.from(names, jobOfFile)
    .filter((job) => job !== predeployJob)
    .toSorted((one, other) => (one < other ? -1 : 1));
  if (jobs.length === 0) return undefined;
  const shown = jobs.slice(0, shownJobs).map((job) => `--config ${job}`);
  const more = jobs.length > shownJobs ? `, and ${jobs.length - shownJobs} more` : "";
  return `Name a job that there is: ${shown.join(", ")}${more}`;
}

/** Its defaults are a whole configuration; a recovery is told the path where it would be. */
function isNeedless({ purpose, configFlag }: ConfigRequest, path: string): boolean {
  if (purpose === "predeploy") return configFlag === undefined || configFlag === predeployJob;
  return purpose === "recovery" && jobOfFile(path) === predeployJob;
}

/** To open a fifo waits for whoever writes it, for ever; a device may have no end. What a shell hands over as `<(…)` is open already. */
async function openFile(path: string, exec: Exec, answerMs: number): Promise<FileHandle> {
  if (path.startsWith("/dev/fd/")) return open(path, "r");
  const isLink = (await lstat(path)).isSymbolicLink();
  if (isLink) await followLink(path, exec, answerMs);
  const found = await stat(path).catch((cause: unknown) => {
    throw isLink && errorCode(cause) === "ENOENT" ? new Error("It is a link that leads nowhere") : cause;
  });
  if (found.isFile() || found.isDirectory()) return open(path, "r");
  throw new Error("It is a fifo, a socket or a device, and no file");
}

/**
 * It may lead to a share that is gone: a child waits for that then. A thread of ours that waits would keep us from ending, and
 * a few of them from reading anything.
 */
async function followLink(path: string, exec: Exec, answerMs: number): Promise<void> {
  const { timedOut } = await exec(["stat", "--dereference", "--", path], { timeoutMs: answerMs });
  if (!timedOut) return;
  const message = "It is a link, and there is no answer from where it leads";
  throw new OpsError(message, { outcome: "config", hint: "Look at that mount" });
}

async function readText(file: FileHandle, path: string, answerMs: number): Promise<string> {
  try {
    return await withDeadline(file.readFile("utf8"), answerMs, `read "${path}"`);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): OpsError {
  const who = errorCode(cause) === "EACCES" ? "Run as the user who owns it, or give" : "Give";
  return new OpsError(`Cannot read the configuration "${path}"`, {
    outcome: "config",
    hint: cause instanceof OpsError ? cause.hint : `${who} a file that can be read with --config FILE`,
    cause,
  });
}
