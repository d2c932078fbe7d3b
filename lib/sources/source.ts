/** What every kind of source looks like to a run. */
import type { Finding } from "#lib/core/report.ts";
import type { TarStderrReader } from "#lib/core/tar-status.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { NeededProgram } from "#lib/preflight/check-program.ts";

/** One thing that can be backed up, as configured; it leaves one component in a set. */
export interface Source {
  /** Name of its component, unique in a set: `application`. */
  readonly name: string;
  /** Name of its file without the compressor's extension: `application.tar`. */
  readonly fileStem: string;
  readonly programs: readonly NeededProgram[];
  /** Directory that no destination may lie in. */
  readonly root: string;
  /** Whether it is there: asked before the lock is taken. Without any effect. */
  readonly checkExists: (asker: FileSystemAsker) => Promise<readonly Finding[]>;
  /** Whether it has what it must have. Without any effect. */
  readonly checkContent: (asker: FileSystemAsker) => Promise<readonly Finding[]>;
  /** Program that writes the uncompressed component to its standard output. */
  readonly producer: readonly [string, ...string[]];
  /** Reads what that program says on stderr and judges its end. */
  readonly createReader: () => TarStderrReader;
  /** A smaller component than this, before compression, is a failure. */
  readonly minBytes: number;
}
