/**
 * Questions to file systems, each asked by a child under a deadline: a dead NFS mount yields an answer ("no answer")
 * instead of a hang, since it is the child that hangs.
 */
import type { Exec } from "#lib/core/deps.ts";
import { limitsHint } from "#lib/tools/start-program.ts";

export interface FileSystemAsker {
  readonly exec: Exec;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The answer, or why there is none, in words for a finding. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string };

/** Run a program that asks; its output without the last newline. */
export async function ask(
  asker: FileSystemAsker,
  command: readonly [string, ...string[]],
): Promise<Answer<string>> {
  const result = await asker.exec(command, { timeoutMs: asker.timeoutMs, signal: asker.signal });
  if (result.timedOut)
    return { ok: false, reason: `no answer from the file system after ${asker.timeoutMs / 1000} s` };
  if (result.notFound) return { ok: false, reason: `the program "${command[0]}" is not installed` };
  if (result.exitCode === 0) return { ok: true, value: result.stdout.replace(/\n$/, "") };
  return { ok: false, reason: lastWords(result.stderr) ?? `${command[0]} ended with ${result.exitCode}` };
}

/** What an admin can do about the reason of an answer: what nothing on the disk has to do with, else `otherwise`. */
export function hintOnReason(reason: string, otherwise: string): string {
  if (/too many open files|Resource temporarily unavailable/i.test(reason)) return limitsHint;
  if (reason.startsWith("no answer")) return "Look at its mount: the file system gives no answer";
  return otherwise;
}

/** `regular file`, `directory`, … of what `path` leads to. */
export function askFileType(asker: FileSystemAsker, path: string): Promise<Answer<string>> {
  return ask(asker, ["stat", "--dereference", "--format=%F", "--", path]);
}

/** The path without symlinks. */
export function askRealPath(asker: FileSystemAsker, path: string): Promise<Answer<string>> {
  return ask(asker, ["realpath", "--canonicalize-existing", "--", path]);
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Space of the file system that holds `path`, as an ordinary user may use it. */
export async function askSpace(asker: FileSystemAsker, path: string): Promise<Answer<Space>> {
  const answer = await ask(asker, ["stat", "--file-system", "--format=%a %b %S", "--", path]);
  if (!answer.ok) return answer;
  const [free, total, block] = answer.value.split(" ").map(Number);
  if (
    free === undefined ||
    total === undefined ||
    block === undefined ||
    Number.isNaN(free + total + block)
  ) {
    return { ok: false, reason: `stat said "${answer.value}"` };
  }
  return { ok: true, value: { freeBytes: free * block, totalBytes: total * block } };
}

/** Allocated bytes of all that lies below these paths; undefined when there is no answer in time. */
export async function askUsage(
  asker: FileSystemAsker,
  paths: readonly string[],
): Promise<number | undefined> {
  if (paths.length === 0) return 0;
  const { stdout, timedOut, notFound } = await asker.exec(
    ["du", "--summarize", "--total", "--block-size=1", "--", ...paths],
    { timeoutMs: asker.timeoutMs, signal: asker.signal },
  );
  // It ends with 1 for a file that vanished or may not be read: good enough for "about".
  const total = /^(\d+)\ttotal$/m.exec(stdout)?.[1];
  return timedOut || notFound || total === undefined ? undefined : Number(total);
}

/** `stat: cannot stat '/x': No such file or directory` → `No such file or directory`. */
function lastWords(stderr: string): string | undefined {
  const line = stderr.trim().split("\n").at(-1);
  if (line === undefined || line === "") return undefined;
  return line.slice(line.lastIndexOf(": ") === -1 ? 0 : line.lastIndexOf(": ") + 2);
}
