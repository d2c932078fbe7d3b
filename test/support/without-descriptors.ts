/** A process with too few descriptors left for a child that asks everything that starts programs to start one; prints what each says. */
import { closeSync, openSync } from "node:fs";
import { describeError } from "#lib/core/ops-error.ts";
import { startArchivePipeline } from "#lib/tools/archive-pipeline.ts";
import { startChildSink } from "#lib/tools/child-sink.ts";
import { startDaemon } from "#lib/tools/daemon.ts";
import { openRelay } from "#lib/tools/dbus-transport.ts";
import { createExec } from "#lib/tools/exec.ts";
import { startGuardian } from "#lib/tools/guardian-process.ts";
import { pipeThrough } from "#lib/tools/pipe-through.ts";
import { removeTree } from "#lib/tools/remove-tree.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";
import { runToEnd } from "#lib/tools/run-to-end.ts";

const env = { PATH: "/usr/bin:/bin" };
const { signal } = new AbortController();
const command = ["tar", "--version"] as const;
const exec = createExec(env);
// What is loaded with the first call needs descriptors of its own.
await exec(command, { timeoutMs: 10_000 });

const answers: Readonly<Record<string, () => Promise<string>>> = {
  exec: async () => (await exec(command, { timeoutMs: 10_000 })).stderr,
  runStreaming: async () =>
    (await runStreaming({ command, env, stallMs: 3_600_000, signal, onStdout: () => undefined })).stderr,
  runToEnd: async () => (await runToEnd({ command, env, timeoutMs: 3_600_000, graceMs: 10, signal })).output,
  pipeThrough: async () => {
    const pass = (chunk: Uint8Array) => chunk;
    const end = await pipeThrough({ from: command, to: command, env, pass, stallMs: 3_600_000, signal });
    return `${end.fromStderr}; ${end.toStderr}`;
  },
  childSink: async () => {
    const sink = startChildSink({ command, env, onStdout: () => undefined });
    await sink.write(new Uint8Array(10));
    return (await sink.finish()).stderr;
  },
  pipeline: async () => {
    const request = { producer: command, compressor: ["zstd"], outputFd: 1, env };
    await startArchivePipeline({ ...request, onProducerLine: () => undefined }).ended;
    return "it ran";
  },
  removeTree: async () => {
    await removeTree("/nowhere/at-all", 10_000);
    return "it ran";
  },
  daemon: async () => {
    const daemon = startDaemon(command, env);
    while (daemon.ending() === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await daemon.stop();
    return daemon.ending() ?? "";
  },
  relay: async () => {
    const { input, lastWords } = openRelay(command, env);
    await new Promise((resolve) => input.once("close", resolve));
    return lastWords();
  },
  guardian: async () => {
    await startGuardian({ recovery: ["true"], env, onReplaced: () => undefined }).dismiss();
    return "it ran";
  },
};

const said: Record<string, string> = {};
for (const [name, ask] of Object.entries(answers)) {
  const taken = takeAllDescriptors();
  try {
    said[name] = await ask();
  } catch (error) {
    said[name] = describeError(error);
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}
process.stdout.write(`${JSON.stringify(said)}\n`);

function takeAllDescriptors(): number[] {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    // Deno panics when it finds none at all.
    for (const descriptor of taken.splice(-2)) closeSync(descriptor);
    return taken;
  }
}
