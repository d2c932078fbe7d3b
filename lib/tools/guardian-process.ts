/**
 * A small process that outlives a run and finishes what it could not.
 *
 * It is a shell of a few hundred kilobytes in a session of its own that reads a pipe from the run. The word `goodbye`
 * ends it. When the pipe closes without that word, the run has died, and the shell becomes the recovery: no runtime has to
 * be kept in memory for the day on which memory ran out.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { OpsError } from "#lib/core/ops-error.ts";
import { limitsHint } from "#lib/tools/start-program.ts";

const watchThenRecover = 'while read -r word; do [ "$word" = goodbye ] && exit 0; done; exec "$@"';

export interface Guardian {
  /** The run has ended well: the guardian leaves without a trace. */
  readonly dismiss: () => Promise<void>;
}

export interface GuardianRequest {
  /** What to run when the watched process dies. */
  readonly recovery: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called each time a guardian died and another took its place. */
  readonly onReplaced: () => void;
}

const replacementsAllowed = 5;
const dismissMs = 5000;

/** Start a guardian; one that dies is replaced, a few times. Throws OpsError "failed" when there can be none. */
export function startGuardian(request: GuardianRequest): Guardian {
  let isDismissed = false;
  let replacements = 0;
  let current = spawnGuardian(request);
  if (current.pid === undefined) {
    throw new OpsError("Cannot start the guardian that would finish this run if it were killed", {
      outcome: "failed",
      hint: limitsHint,
    });
  }
  const watch = (child: ChildProcess) => {
    child.once("exit", () => {
      if (isDismissed || replacements === replacementsAllowed) return;
      replacements += 1;
      current = spawnGuardian(request);
      watch(current);
      request.onReplaced();
    });
  };
  watch(current);
  return {
    dismiss: async () => {
      isDismissed = true;
      const child = current;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      const stuck = setTimeout(() => child.kill("SIGKILL"), dismissMs);
      child.stdin?.end("goodbye\n");
      await exited;
      clearTimeout(stuck);
    },
  };
}

function spawnGuardian(request: GuardianRequest): ChildProcess {
  const child = spawn("/bin/sh", ["-c", watchThenRecover, "guardian", ...request.recovery], {
    detached: true,
    cwd: "/",
    env: request.env,
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  return child;
}
