/** A server of our own for a short time: started, watched, ended together with everything that it started. */
import { spawn } from "node:child_process";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

export interface Daemon {
  /** Why it is no more; undefined while it runs. */
  readonly ending: () => string | undefined;
  /** End it; false when it cannot be killed. */
  readonly stop: () => Promise<boolean>;
}

const stderrKept = 4096;

export function startDaemon(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Daemon {
  const child = ensureStreams(
    spawn(program, args, {
      cwd: "/",
      detached: true,
      env: { ...env, LC_ALL: "C" },
      stdio: ["ignore", "ignore", "pipe"],
    }),
  );
  let stderr = "";
  let ending: string | undefined;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-stderrKept);
  });
  child.once("error", (error) => {
    ending = describeStartError(program, error);
  });
  child.once("exit", (code, signal) => {
    const lines = stderr.trim().split("\n");
    // Servers say behind it that they are shutting down.
    const last = lines.findLast((line) => /FATAL|ERROR/.test(line)) ?? lines.at(-1) ?? "";
    ending = last === "" ? `it ended with ${code ?? signal}` : last;
  });
  return {
    ending: () => ending,
    stop: async () => {
      if (child.pid === undefined) return true;
      const isGone = await endProcessGroup(child.pid);
      child.unref();
      child.stderr.destroy();
      return isGone;
    },
  };
}
