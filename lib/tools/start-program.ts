/**
 * A program that could not be started, in the same way whatever kept it from starting.
 *
 * Without a descriptor left, every runtime gives a child that has no streams at all, and says why only later. Here it has
 * streams that have ended: whoever waits for its error hears of it as of a program that is not installed.
 */
import type { ChildProcess } from "node:child_process";
import { PassThrough } from "node:stream";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";

/** For whoever has no descriptor or process left. */
export const limitsHint = "Look at the limits of files and processes (ulimit -a)";

/** stdin, stdout, stderr, and two more, which is as many as are used here. */
const mostStreams = 5;

/** The child, with its streams; to be called on what `spawn` has just returned. */
export function ensureStreams<Child extends ChildProcess>(child: Child): Child {
  // The types know of no child without.
  if (child.stdio !== undefined) return child;
  const stdio = Array.from({ length: mostStreams }, () => new PassThrough().destroy());
  const [stdin, stdout, stderr] = stdio;
  // Not by assignment: in Bun they have getters alone.
  return Object.defineProperties(child, {
    stdin: { value: stdin },
    stdout: { value: stdout },
    stderr: { value: stderr },
    stdio: { value: stdio },
    // Deno's would look for the process.
    unref: { value: () => undefined },
  });
}

/** `Cannot start "tar": too many open files`, or the runtime's own words; `error` is that of the child. */
export function describeStartError(program: string, error: Error): string {
  const isOutOfDescriptors = ["EMFILE", "ENFILE"].includes(errorCode(error) ?? "");
  return isOutOfDescriptors
    ? `Cannot start "${program}": too many open files`
    : `Cannot run ${program}: ${error.message}`;
}

/** The same as OpsError "failed"; `packageName` has the program. */
export function startError(program: string, error: Error, packageName: string): OpsError {
  const isMissing = errorCode(error) === "ENOENT";
  return new OpsError(describeStartError(program, error), {
    outcome: "failed",
    hint: isMissing ? `Install ${packageName}` : limitsHint,
  });
}
