/** A source read the way a run reads it, without the run around it. */
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { proveArchive } from "#lib/archive/prove-archive.ts";
import { type UselessArchive, type WrittenArchive, writeArchive } from "#lib/archive/write-archive.ts";
import { type Compressor, chooseCompressor } from "#lib/core/compression.ts";
import type { ProofResult } from "#lib/core/proof.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import type { OpenSource, Source, SourceAccess } from "#lib/sources/source.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { nameAfterProcess } from "#lib/tools/process-directory.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import type { Sandbox } from "#test/support/sandbox.ts";

const uncompressed = chooseCompressor({ method: "none", level: undefined, threads: 1 }, false);
const stallMs = 30_000;

interface SourceOptions {
  /** What its programs see; the sandbox's own without it. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface OpenedSource extends AsyncDisposable {
  readonly open: OpenSource;
  readonly access: SourceAccess;
  /** Where its credentials lie, if it has any. */
  readonly privateDirectory: string;
  /** Where its component comes to lie. */
  readonly directory: string;
  readonly path: string;
  readonly write: (compressor?: Compressor) => Promise<WrittenArchive | UselessArchive>;
  /** Write it, and throw unless it is whole and its proof says so. */
  readonly writeWhole: (compressor?: Compressor) => Promise<WrittenArchive>;
  /** Read back a file in the component's place. */
  readonly prove: (path: string) => Promise<ProofResult>;
}

/** Open a source with directories of its own in `sandbox`; leaving the scope closes it. */
export async function openSource(
  sandbox: Sandbox,
  source: Source,
  { env = sandbox.environment, timeoutMs = 10_000 }: SourceOptions = {},
): Promise<OpenedSource> {
  const directory = await mkdtemp(sandbox.path("set-"));
  const privateRoot = sandbox.path(`private-${directory.slice(-6)}`, "run");
  const privateDirectory = nameAfterProcess(privateRoot);
  const { signal } = new AbortController();
  const silent = () => undefined;
  const { access, close } = openAccess({
    exec: createExec(env),
    clock: systemClock,
    signal,
    ...quietRun,
    timeoutMs,
    sourceName: source.name,
    privateRoot,
    setDirectory: directory,
  });
  try {
    const open = await source.open(access);
    const fixed = { proof: open.proof, env, stallMs, signal };
    const write = (compressor = uncompressed) =>
      writeArchive({
        ...fixed,
        compressor,
        hasher: undefined,
        producer: open.producer,
        producerEnv: open.env,
        reader: open.createReader(),
        fileName: source.fileStem + compressor.extension,
        directories: [directory],
        clock: systemClock,
        onBytes: silent,
        onRead: silent,
      });
    return {
      open,
      access,
      privateDirectory,
      directory,
      path: join(directory, source.fileStem),
      write,
      writeWhole: async (compressor) => {
        const written = await write(compressor);
        if (!written.isUsable) throw new Error(written.status.problems.join("; "));
        if (written.proven?.problem !== undefined) throw new Error(written.proven.problem);
        return written;
      },
      prove: (path) => proveArchive({ ...fixed, path, decompress: undefined }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
