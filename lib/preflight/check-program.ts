import type { Exec } from "#lib/core/deps.ts";
import type { Finding } from "#lib/core/report.ts";

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
    const reason = result.notFound ? "it is not installed" : `${versionFlag} ended with ${result.exitCode}`;
    return {
      name,
      passed: false,
      message: `Cannot run "${needed.program}": ${reason}`,
      hint: `apt-get install ${needed.package}; under cron, set PATH`,
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
