import type { Compressor } from "#lib/core/compression.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { ProducerReader, ProducerStatus } from "#lib/core/producer-status.ts";
import type { PipelineEnd } from "#lib/tools/archive-pipeline.ts";

export interface JudgedPipeline {
  readonly producer: readonly [string, ...string[]];
  readonly reader: ProducerReader;
  readonly compressor: Compressor;
  readonly fileName: string;
}

/** The source's status; every stage is judged, the compressor first. Throws OpsError when that could not write. */
export function judgePipeline(end: PipelineEnd, request: JudgedPipeline): ProducerStatus {
  const compressor = request.compressor.compress?.[0] ?? "cat";
  if (end.compressorExit !== 0) {
    // Of a program that was killed, the shell's word on stderr says less than its exit.
    const isKilled = end.compressorExit === null || end.compressorExit > 128;
    const lastLine = isKilled ? "" : end.compressorStderr.split("\n").at(-1);
    const words = lastLine?.replace(`${compressor}: `, "") || describeExit(end.compressorExit);
    throw new OpsError(`Cannot write "${request.fileName}": ${compressor}: ${words}`, {
      outcome: "failed",
      hint: hintOn(words),
    });
  }
  const status = request.reader.classifyExit(end.producerExit);
  if (status.outcome !== "failed" || status.problems.length > 0) return status;
  return { ...status, problems: [`${request.producer[0]}: ${describeExit(end.producerExit)}`] };
}

function hintOn(words: string): string | undefined {
  if (words.includes("No space left")) return "Free space in the destination, or keep fewer sets";
  if (/quota exceeded/i.test(words)) return "Raise the quota of the destination, or keep fewer sets";
  if (words.includes("File too large"))
    return "The destination's file system takes no file of that size (FAT: 4 GiB): choose another one";
  return undefined;
}

function describeExit(exitCode: number | null): string {
  if (exitCode === null) return "killed";
  return exitCode > 128 ? `killed by signal ${exitCode - 128}` : `ended with exit code ${exitCode}`;
}
