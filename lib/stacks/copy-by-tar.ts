/** A tree copied by the program that archives it: what the copy could lose, the archive would lose as well. */
import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "#lib/core/deps.ts";
import { frozenPattern } from "#lib/core/frozen-name.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createOptions, extractOptions } from "#lib/core/tar-options.ts";
import { excludeFlags, excludeOptions } from "#lib/core/tar-pattern.ts";
import { createTarReader } from "#lib/core/tar-status.ts";
import { type Pipeline, startArchivePipeline } from "#lib/tools/archive-pipeline.ts";

export interface CopyAccess {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string>>;
  /** A copy that has not moved for so long is stuck. */
  readonly stallMs: number;
}

/** What to copy: the whole tree but for some patterns, or the names in a file, each ended by a NUL. */
export type CopyRange = { readonly excludes: readonly string[] } | { readonly listFile: string };

/** Ten megabytes, or so many headers: then tar says a word. */
const recordsPerWord = 1000;
const isWord = /^(?:\S*\/)?tar: Write checkpoint \d+$/;

/**
 * Copy the tree at `root` into the directory `target`. While it lives, what vanishes, changes or cannot be read is passed over: whoever
 * copies it compares afterwards. Throws OpsError "failed".
 */
export async function copyByTar(
  root: string,
  target: string,
  range: CopyRange,
  isLive: boolean,
  access: CopyAccess,
): Promise<void> {
  const member = `./${basename(root)}`;
  const chosen =
    "listFile" in range
      ? ["--no-recursion", "--null", `--files-from=${range.listFile}`]
      : [...excludeFlags, ...excludeOptions(member, [frozenPattern, ...range.excludes]), "--", member];
  const reader = createTarReader();
  let wordMs = access.clock.monotonicMs();
  await using sink = await open("/dev/null", "w");
  const pipeline = startArchivePipeline({
    producer: [
      "tar",
      ...createOptions,
      `--checkpoint=${recordsPerWord}`,
      `--directory=${dirname(root)}`,
      ...chosen,
    ],
    compressor: ["tar", ...extractOptions, `--directory=${target}`],
    outputFd: sink.fd,
    env: access.env,
    onProducerLine: (line) => {
      wordMs = access.clock.monotonicMs();
      if (!isWord.test(line)) reader.readLine(line);
    },
  });
  const end = await untilEnd(pipeline, () => wordMs, access);
  if (end === "stalled") throw refuse(root, `not a byte for ${access.stallMs / 1000} s`);
  if (end.compressorExit !== 0) {
    const words = end.compressorStderr.split("\n").filter((line) => !line.includes("Exiting with failure"));
    throw refuse(root, words.at(-1) || `tar ended with ${end.compressorExit ?? "a signal"}`);
  }
  const status = reader.classifyExit(end.producerExit);
  const isGood = isLive ? status.outcome !== "failed" : status.outcome === "complete";
  if (isGood) return;
  const [unreadable] = status.unreadable?.names ?? [];
  const ending = `tar ended with ${end.producerExit ?? "a signal"}`;
  throw refuse(
    root,
    status.problems[0] ?? (unreadable === undefined ? ending : `cannot read "${unreadable}"`),
  );
}

async function untilEnd(
  pipeline: Pipeline,
  lastWordMs: () => number,
  { clock, signal, stallMs }: CopyAccess,
): Promise<Awaited<Pipeline["ended"]> | "stalled"> {
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  const watch = async (): Promise<"stalled"> => {
    for (;;) {
      const leftMs = lastWordMs() + stallMs - clock.monotonicMs();
      if (leftMs <= 0) return "stalled";
      await clock.sleep(leftMs, until);
    }
  };
  const watching = watch();
  watching.catch(() => undefined);
  try {
    const end = await Promise.race([pipeline.ended, watching]);
    if (end === "stalled") await pipeline.kill();
    return end;
  } catch (error) {
    await pipeline.kill();
    signal.throwIfAborted();
    throw error;
  } finally {
    done.abort();
  }
}

function refuse(root: string, reason: string): OpsError {
  return new OpsError(`Cannot copy "${root}": ${reason}`, {
    outcome: "failed",
    hint: "Free space where the copy is made, or set STACK_STAGING_DIR",
  });
}
