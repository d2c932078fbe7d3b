import type { Exec, ExecResult } from "#lib/core/deps.ts";
import type { Finding } from "#lib/core/report.ts";
import { hintOnReason } from "#lib/preflight/ask-file-system.ts";

const timeoutMs = 10_000;

/** A program that a run needs, and the package that brings it. */
export interface NeededProgram {
  readonly program: string;
  readonly package: string;
  /** What it prints its version on, where that is not `--version`. */
  readonly versionFlag?: string;
}

/** Whether a program is there, and its version. */
export async function checkProgram(exec: Exec, needed: NeededProgram, signal: AbortSignal): Promise<Finding> {
  const { versionFlag = "--version" } = needed;
  const result = await exec([needed.program, versionFlag], { timeoutMs, signal });
  const name = "program";
  if (result.notFound || result.exitCode !== 0) {
    const reason = describeRefusal(result, versionFlag);
    return {
      name,
      passed: false,
      message: `Cannot run "${needed.program}": ${reason}`,
      hint: result.notFound
        ? `apt-get install ${needed.package}; under cron, set PATH`
        : hintOnReason(reason, `Reinstall ${needed.package}`),
    };
  }
  const version = (result.stdout || result.stderr).split("\n")[0] ?? "";
  if (needed.program === "tar" && !version.includes("GNU tar")) {
    return {
      name,
      passed: false,
      message: `Cannot use this tar: it is "${version}", GNU tar is required`,
      hint: "apt-get install tar, and put it first on PATH",
    };
  }
  return {
    name,
    passed: true,
    message: `${needed.program} ${/\d+(?:\.\d+)+/.exec(version)?.[0] ?? version}`,
  };
}

function describeRefusal({ notFound, timedOut, exitCode, stderr }: ExecResult, versionFlag: string): string {
  if (notFound) return "it is not installed";
  if (timedOut) return `no answer after ${timeoutMs / 1000} s`;
  const [line = ""] = stderr.split("\n");
  return line === "" ? `${versionFlag} ended with ${exitCode ?? "a signal"}` : line;
}
