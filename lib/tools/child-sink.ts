/** A program that is fed on its standard input, chunk by chunk, as fast as it takes them. */
import { spawn } from "node:child_process";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

export interface SinkEnd {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  /** Its last words. */
  readonly stderr: string;
}

export interface ChildSink {
  /**
   * Hand over a chunk, one at a time; resolves when the kernel has taken it, so that the buffer may be used again. False
   * when the program takes no more: it has ended, and `finish` says why.
   */
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  /** Close its input and wait for its end. */
  readonly finish: () => Promise<SinkEnd>;
  /** End it; false when it cannot be killed, because it waits for a dead file system. */
  readonly kill: () => Promise<boolean>;
}

export interface SinkRequest {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly onStdout?: (chunk: Buffer) => void;
}

const stderrKept = 4096;

export function startChildSink(request: SinkRequest): ChildSink {
  const [program, ...args] = request.command;
  const child = ensureStreams(
    spawn(program, args, {
      detached: true,
      env: { ...request.env, LC_ALL: "C", SHLVL: "1" },
      stdio: ["pipe", request.onStdout ? "pipe" : "ignore", "pipe"],
    }),
  );
  let stderr = "";
  let isOpen = true;
  // Not a race against the end for each chunk: every one of them would stay until the end.
  let stopWaiting = () => {};
  const close = () => {
    isOpen = false;
    stopWaiting();
  };
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-stderrKept);
  });
  if (request.onStdout) child.stdout?.on("data", request.onStdout);
  const ended = new Promise<SinkEnd>((resolve) => {
    child.once("error", (error) => {
      close();
      resolve({ exitCode: null, stderr: describeStartError(program, error) });
    });
    child.once("close", (exitCode) => {
      close();
      resolve({ exitCode, stderr: stderr.trim() });
    });
  });
  child.stdin?.on("error", () => {
    isOpen = false;
  });
  return {
    write: async (chunk) => {
      if (!isOpen) return false;
      const taken = Promise.withResolvers<void>();
      stopWaiting = taken.resolve;
      child.stdin?.write(chunk, () => taken.resolve());
      await taken.promise;
      return isOpen;
    },
    finish: () => {
      child.stdin?.end();
      return ended;
    },
    kill: async () => {
      if (child.pid === undefined) return true;
      const isGone = await endProcessGroup(child.pid);
      if (!isGone) {
        child.unref();
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      }
      return isGone;
    },
  };
}
