/** The process as a run sees it: everything that is ambient, handed in once. */
import type { SignalName } from "#lib/core/outcome.ts";

/** Text that was written and is nowhere. */
export interface LostText {
  readonly cause: unknown;
}

export interface OutputStream {
  /** Resolves with why the text is lost; with nothing when the kernel has it, and when its reader has gone. Never rejects. */
  readonly write: (text: string) => Promise<LostText | undefined>;
  readonly isTerminal: boolean;
  readonly columns: number;
}

export interface World {
  /** Arguments after the script's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  readonly pid: number;
  readonly home: string;
  readonly hostname: string;
  /** Somebody sits at the terminal that we read and write. */
  readonly isInteractive: boolean;
  /** The answer of whoever sits at the terminal; undefined when nobody does. Rejects when `signal` is aborted. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<string | undefined>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** `bun 1.4.5`. */
  readonly runtime: string;
  /** Program and arguments that run a script file under the same runtime. */
  readonly launcher: readonly [string, ...string[]];
  /** Stderr is connected to the systemd journal. */
  readonly isJournal: boolean;
  /** Calls back for each signal and each error that nothing caught; returns the way to stop that. */
  readonly watch: (watcher: {
    readonly onSignal: (signal: SignalName) => void;
    readonly onBug: (error: unknown) => void;
  }) => () => void;
}
