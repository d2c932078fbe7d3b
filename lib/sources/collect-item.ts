/** One item of the system's state: its files written, or its paths surveyed. Whatever goes wrong with it stays with it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ExecResult } from "#lib/core/deps.ts";
import { readEnvNames } from "#lib/core/env-names.ts";
import { describeError, errorCode, OpsError } from "#lib/core/ops-error.ts";
import type { CommandItem, NamesItem, PathsItem, SystemItem } from "#lib/core/system-items.ts";
import type { SourceAccess } from "#lib/sources/source.ts";
import { surveyPaths } from "#lib/sources/survey-paths.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

export interface CollectedItem {
  /** `not_found`: not on this machine, which is normal. */
  readonly state: "collected" | "not_found" | "failed" | "skipped";
  readonly reason?: string;
  /** What is there of it, of a failed one as well: names in the archive's own directory, or paths of this machine. */
  readonly files: readonly string[];
  /** Files with private keys, which are left out. */
  readonly leftOut?: readonly string[];
}

type ItemAccess = Pick<SourceAccess, "exec" | "signal" | "timeoutMs">;

/** `directory` takes the files that are written. Throws when the signal is aborted, and for bugs. */
export async function collectItem(
  item: SystemItem,
  directory: string,
  access: ItemAccess,
): Promise<CollectedItem> {
  try {
    if (item.kind === "command") return await runCommand(item, directory, access);
    if (item.kind === "paths") return await findPaths(item, access);
    return await writeNames(item, directory, access);
  } catch (error) {
    access.signal.throwIfAborted();
    if (error instanceof OpsError) return failed(describeError(error));
    throw error;
  }
}

/** What a program writes before it fails is kept: `df` lists the other file systems when one gives no answer. */
async function runCommand(item: CommandItem, directory: string, access: ItemAccess): Promise<CollectedItem> {
  const [program] = item.command;
  const result = await access.exec(item.command, access);
  if (result.notFound) return { state: "not_found", files: [] };
  const reason = result.exitCode === 0 ? undefined : describeEnd(program, result, access);
  // What is installed but not running has no state.
  if (reason !== undefined && notRunning.test(reason)) return { state: "not_found", reason, files: [] };
  const hasOutput = reason === undefined || result.stdout !== "";
  if (hasOutput) await writeOwn(join(directory, item.file), result.stdout, access);
  const files = hasOutput ? [item.file] : [];
  return reason === undefined ? { state: "collected", files } : failed(reason, files);
}

const notRunning =
  /not been booted with systemd|Failed to connect to bus|Cannot connect to the Docker daemon|docker daemon running/;

async function findPaths({ paths }: PathsItem, access: ItemAccess): Promise<CollectedItem> {
  const { members, keys, problems } = await surveyPaths(paths, access);
  const leftOut = keys.length === 0 ? {} : { leftOut: keys };
  const [first, ...others] = problems;
  if (first !== undefined) {
    const reason = others.length === 0 ? first : `${first}, and ${others.length} more`;
    return { ...failed(reason, members), ...leftOut };
  }
  if (members.length + keys.length === 0) return { state: "not_found", files: [] };
  return { state: "collected", files: members, ...leftOut };
}

async function writeNames(item: NamesItem, directory: string, access: ItemAccess): Promise<CollectedItem> {
  const result = await access.exec(["cat", "--", item.path], access);
  if (result.exitCode !== 0) {
    const reason = describeEnd("cat", result, access);
    return /: (?:No such file or directory|Not a directory)$/.test(reason)
      ? { state: "not_found", files: [] }
      : failed(reason);
  }
  const { names, passedOver } = readEnvNames(result.stdout);
  await writeOwn(join(directory, item.file), names.map((name) => `${name}\n`).join(""), access);
  const reason = `lines passed over that may belong to values: ${passedOver}`;
  return { state: "collected", ...(passedOver === 0 ? {} : { reason }), files: [item.file] };
}

function failed(reason: string, files: readonly string[] = []): CollectedItem {
  return { state: "failed", reason, files };
}

/** A file of ours among what is collected: only its owner may read it. Throws OpsError "failed". */
export async function writeOwn(
  path: string,
  text: string,
  { timeoutMs }: Pick<ItemAccess, "timeoutMs">,
): Promise<void> {
  try {
    await withDeadline(writeFile(path, text, { mode: 0o600 }), timeoutMs, `write "${path}"`);
  } catch (cause) {
    if (cause instanceof OpsError || errorCode(cause) === undefined) throw cause;
    throw new OpsError(`Cannot write "${path}"`, { outcome: "failed", cause });
  }
}

const longestWords = 200;

function describeEnd(program: string, result: ExecResult, { timeoutMs }: ItemAccess): string {
  if (result.timedOut) return `no answer after ${timeoutMs / 1000} s`;
  const words = result.stderr.trim().split("\n").at(-1) ?? "";
  if (words === "") return `${program} ended with ${result.exitCode ?? result.signal}`;
  const own = words.startsWith(program) ? words : `${program}: ${words}`;
  return own.length > longestWords ? `${own.slice(0, longestWords)}…` : own;
}
