/** What every kind of source looks like to a run. */
import type { Clock, Exec } from "#lib/core/deps.ts";
import type { Log } from "#lib/core/log.ts";
import type { ComponentFormat } from "#lib/core/manifest.ts";
import type { ProducerReader } from "#lib/core/producer-status.ts";
import type { Proof } from "#lib/core/proof.ts";
import type { Finding } from "#lib/core/report.ts";
import type { Alert, UndoJournal } from "#lib/core/run-context.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { NeededProgram } from "#lib/preflight/check-program.ts";

/** One thing that can be backed up, as configured; it leaves one component in a set. */
export interface Source {
  /** Name of its component, unique in a set: `application`, `database-shop`. */
  readonly name: string;
  readonly kind: "application" | "database" | "stack" | "system-state";
  /** Name of its file without the compressor's extension: `application.tar`, `database-shop.sql`. */
  readonly fileStem: string;
  /** What the file is once it is decompressed. */
  readonly format: ComponentFormat;
  readonly programs: readonly NeededProgram[];
  /** Directory that no destination may lie in. */
  readonly root: string | undefined;
  /** What would be read, for a dry run; asked after the checks. Without any effect. */
  readonly describe: () => Promise<string>;
  /** In a word, for a list that a person chooses from; undefined where nothing can be said before it is read. */
  readonly readState?: () => Promise<string>;
  /** About how many bytes it has before compression; undefined when the file systems do not say in time. */
  readonly measure?: (asker: FileSystemAsker) => Promise<number | undefined>;
  /** Whether it is there: asked before the lock is taken. Without any effect. */
  readonly checkExists: (asker: FileSystemAsker) => Promise<readonly Finding[]>;
  /** Whether it has what it must have. Without any effect. */
  readonly checkContent: (asker: FileSystemAsker) => Promise<readonly Finding[]>;
  /** Get ready to be read. Throws OpsError "failed" in the source's own words. */
  readonly open: (access: SourceAccess) => Promise<OpenSource>;
  /** Least size before compression. */
  readonly minBytes: number;
  /** Setting that `minBytes` comes from. */
  readonly minSetting: "APP_MIN_MB" | "DB_MIN_KB";
  /** What becomes of a component that is too small or not whole: "failed" throws it away, "doubtful" keeps it in a partial set. */
  readonly whenDoubtful: "failed" | "doubtful";
}

/** What a source may use between `open` and its end. */
export interface SourceAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** A directory of this source, mode 0700, in memory where there is one: for credentials. It is removed when the source has been read, or by whoever recovers a dead run. */
  readonly privateDirectory: () => Promise<string>;
  /** A directory beside the component under way, mode 0700: for a copy that must be whole before it is read. It goes when the source has been read. */
  readonly stagingDirectory: () => Promise<string>;
  /** For one question to a file system or a server. */
  readonly timeoutMs: number;
  /** A copy that has not moved for so long is stuck. */
  readonly stallMs: number;
  readonly runId: string;
  /** Environment of children: marked with the run, free of settings. */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** Directory of the unfinished set, which must lie in nothing that is backed up. */
  readonly setDirectory: string;
  /** What must be undone if the run dies, written before it is done. */
  readonly journal: UndoJournal;
  /** Tell a person now, without waiting for the end of the run. */
  readonly alert: (alert: Alert) => void;
  /** The facts of this component in earlier sets, newest first. */
  readonly earlierFacts: readonly Readonly<Record<string, unknown>>[];
}

export interface OpenSource {
  /** Program that writes the uncompressed component to its standard output. */
  readonly producer: readonly [string, ...string[]];
  /** Added to that program's environment. Never a secret. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Reads what that program says on stderr and judges its end. */
  readonly createReader: () => ProducerReader;
  readonly proof: Proof;
  /** What is known already to be missing or doubtful: the component is partial. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** For the manifest: what a restore wants to know. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** Aborted, with an OpsError, when it must not be read any longer: the component is given up, the run goes on. */
  readonly giveUp?: AbortSignal | undefined;
  /**
   * Let go of what is only held for being read: start what was stopped. Called the moment the producer has ended, however it
   * ended, and once more when the run leaves the source; every call gets the one answer. Never rejects, and heeds no signal of
   * the run: it is what must happen in any case.
   */
  readonly release?: (() => Promise<Releasing>) | undefined;
}

/** It has been let go of; the next source may be read. */
export interface Releasing {
  /** Whether what was started runs, once that is known. Never rejects. */
  readonly settled: Promise<ReleasedSource>;
}

/** How letting go of a source went. */
export interface ReleasedSource {
  /** The component is not to blame for these; the run is partial by them. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** Added to those of the open source. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** How long what was stopped did not answer; undefined when nothing was. */
  readonly windowSeconds: number | undefined;
}
