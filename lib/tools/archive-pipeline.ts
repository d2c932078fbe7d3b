/**
 * `tar | compressor > file` as one process group, with the exit of every stage.
 *
 * The stages are joined by the kernel: no byte passes through this process. A shell of two lines joins them, since no
 * runtime can hand one child's pipe to another; programs and arguments reach it as its positional parameters, never as
 * text. It reports the exit of each stage on stdout, stderr is the compressor's, descriptor 4 is tar's stderr.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Readable } from "node:stream";
import { createLineSplitter } from "#lib/core/line-splitter.ts";
import { endProcessGroup } from "#lib/tools/process-group.ts";
import { ensureStreams, startError } from "#lib/tools/start-program.ts";

const joinStages =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands these
  'n=$1; shift; "${@:1:n}" 2>&4 3>&- 4>&- | "${@:n+1}" >&3 3>&- 4>&-; printf "status %s\\n" "${PIPESTATUS[*]}"';
const runAlone = 'shift; "$@" 2>&4 >&3 3>&- 4>&-; printf "status %s 0\\n" "$?"';

export interface PipelineRequest {
  readonly producer: readonly [string, ...string[]];
  /** Added to the producer's environment. */
  readonly producerEnv?: Readonly<Record<string, string>> | undefined;
  readonly compressor: readonly string[] | undefined;
  /** An open file: the shell and its stages inherit it, and it is they who write. */
  readonly outputFd: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onProducerLine: (line: string) => void;
}

export interface PipelineEnd {
  /** Exit of each stage; `null` when the pipeline was killed as a whole. More than 128 means killed by a signal. */
  readonly producerExit: number | null;
  readonly compressorExit: number | null;
  /** The compressor's last words. */
  readonly compressorStderr: string;
}

export interface Pipeline {
  readonly ended: Promise<PipelineEnd>;
  /** End every stage; false when one cannot be killed, because it waits for a dead file system. */
  readonly kill: () => Promise<boolean>;
}

export function startArchivePipeline(request: PipelineRequest): Pipeline {
  const script = request.compressor === undefined ? runAlone : joinStages;
  const added = Object.entries(request.producerEnv ?? {}).map(([name, value]) => `${name}=${value}`);
  const producer = added.length === 0 ? request.producer : ["env", ...added, ...request.producer];
  const args = [String(producer.length), ...producer, ...(request.compressor ?? [])];
  const child = ensureStreams(
    spawn("/bin/bash", ["--norc", "--noprofile", "-c", script, "archive", ...args], {
      detached: true,
      env: { ...request.env, LC_ALL: "C", SHLVL: "1" },
      stdio: ["ignore", "pipe", "pipe", request.outputFd, "pipe"],
    }),
  );
  let killed: Promise<boolean> | undefined;
  const kill = () => {
    killed ??= killPipeline(child);
    return killed;
  };
  return { ended: collectEnd(child, request), kill };
}

async function collectEnd(child: ChildProcess, request: PipelineRequest): Promise<PipelineEnd> {
  const producerLines = createLineSplitter(request.onProducerLine);
  let status = "";
  let compressorStderr = "";
  const producerStderr = child.stdio[4];
  if (!(producerStderr instanceof Readable)) throw new TypeError("Descriptor 4 of the pipeline is no stream");
  producerStderr.setEncoding("utf8").on("data", producerLines.write);
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    status += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    compressorStderr = (compressorStderr + chunk).slice(-4096);
  });
  const wordsEnded = new Promise<void>((resolve) => producerStderr.once("close", resolve));
  await new Promise<void>((resolve, reject) => {
    child.once("error", (error) => reject(startError("/bin/bash", error, "bash")));
    child.once("close", () => resolve());
  });
  // Bun's "close" of a child does not wait for descriptors past 2: the producer's words could be lost.
  await wordsEnded;
  producerLines.end();
  const codes = /^status (\d+) (\d+)$/m.exec(status);
  return {
    producerExit: codes ? Number(codes[1]) : null,
    compressorExit: codes ? Number(codes[2]) : null,
    compressorStderr: compressorStderr.trim(),
  };
}

async function killPipeline(child: ChildProcess): Promise<boolean> {
  if (child.pid === undefined) return true;
  const isGone = await endProcessGroup(child.pid);
  if (!isGone) abandon(child);
  return isGone;
}

/** Let the event loop end although a stage that cannot be killed still holds its pipes. */
function abandon(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) stream?.destroy();
}
