/** What a use case is given for one run, and what it gives back. */
import type { Deps } from "#lib/core/deps.ts";
import type { Log } from "#lib/core/log.ts";
import type { MachineIds } from "#lib/core/machine-ids.ts";
import type { PartOutcome } from "#lib/core/outcome.ts";
import type { Finding, PartReport } from "#lib/core/report.ts";
import type { UndoEntry } from "#lib/core/undo.ts";

/** Who this machine is: the same facts wherever ownership is written or compared. */
export interface HostIdentity extends MachineIds {
  /** HOST_NAME, or the first label of the host's name in lower case. */
  readonly name: string;
}

/** What must be undone if this run dies: on disk before the act. */
export interface UndoJournal {
  /** In the place of another entry if one is given: at no moment are there both, or none. */
  readonly record: (entry: UndoEntry, insteadOf?: UndoEntry) => Promise<void>;
  /** It has been undone. The very entry that was recorded. */
  readonly forget: (entry: UndoEntry) => Promise<void>;
}

/** Something that a person must know and do now. */
export interface Alert {
  /** One sentence: what is wrong. */
  readonly headline: string;
  /** The rest, a line each. */
  readonly details: readonly string[];
  /** What to do. */
  readonly hint: string;
}

/** Shown on a terminal only. */
export interface Progress {
  /** Begin a phase; `totalBytes` is what the last run needed, if one is known. */
  readonly begin: (phase: string, totalBytes?: number) => void;
  /** Bytes done since the phase began. */
  readonly update: (doneBytes: number) => void;
  /** A line of its own instead, until the next one or the end. */
  readonly show: (line: string) => void;
  readonly end: () => void;
}

/** The command line, and whoever typed it. */
export interface Operator {
  /** Values of the script's own flags. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  /** What stands beside the flags. */
  readonly operands: readonly string[];
  /** Somebody can be asked: both ends are a terminal, and no program reads what we print. */
  readonly isThere: boolean;
  /** Write to the terminal, whatever the level of the log. */
  readonly tell: (text: string) => Promise<void>;
  /** A line; undefined when nobody is there, or the input ended. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Values of a list, chosen with the arrow keys; undefined when nobody is there, or it was left. */
  readonly pick: (
    question: string,
    options: readonly { readonly value: string; readonly label: string }[],
  ) => Promise<readonly string[] | undefined>;
  /** Ask for a yes on the terminal; undefined when nobody is there. */
  readonly confirm: (question: string) => Promise<boolean | undefined>;
  /** `--config`, as it was given. */
  readonly config?: string | undefined;
  /** Program and arguments that run a script of ours under the same runtime. */
  readonly scriptCommand: (name: string) => readonly [string, ...string[]];
}

export interface RunContext<Settings> {
  readonly deps: Deps;
  readonly log: Log;
  readonly settings: Settings;
  /** SHA-256 of the settings used, secrets masked. */
  readonly settingsHash: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly host: HostIdentity;
  readonly tool: { readonly version: string; readonly runtime: string };
  readonly isDryRun: boolean;
  /** Names of the sources that were chosen for this run; undefined: all of them. */
  readonly selection?: readonly string[] | undefined;
  /** Aborted by signals, by RUN_TIMEOUT and by an unforeseen error. */
  readonly signal: AbortSignal;
  readonly journal: UndoJournal;
  /** Tell a person now, by every channel, whatever NOTIFY_ON says. The run does not wait for it. */
  readonly alert: (alert: Alert) => void;
  readonly progress: Progress;
  readonly operator: Operator;
  /** Environment of children: marked with the run, free of settings. */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** Whether any process of that run still lives. */
  readonly isRunAlive: (runId: string) => Promise<boolean>;
}

export interface RunResult {
  readonly outcome: PartOutcome;
  /** One sentence: what happened. */
  readonly headline: string;
  readonly hint?: string | undefined;
  readonly critical?: boolean | undefined;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  readonly parts: readonly PartReport[];
  readonly set?: string | undefined;
  /** What was chosen of the job's sources; undefined: all of them. */
  readonly selection?: readonly string[] | undefined;
  /** Keys of its own that the use case adds to the JSON of the report. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}
