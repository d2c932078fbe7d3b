/**
 * Where log lines go: stderr for a person, the journal or cron; the log file for later; memory for the report's tail.
 *
 * Off a terminal only warnings and errors reach stderr, so that a successful run is silent and cron mails what is not.
 * Files never get colour. Lines said before the configuration is known wait, and are masked with its secrets.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log, LogLevel } from "#lib/core/log.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { OutputStream } from "#lib/run/world.ts";

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
/** RFC 5424 severities, which journald reads from a `<N>` prefix. */
const journalPriorities: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warning: 4, error: 3 };
const colours: Readonly<Record<LogLevel, string>> = { debug: "2", info: "", warning: "33", error: "31" };
const tailLines = 200;

interface Entry {
  readonly at: Date;
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
}

export interface SessionLogOptions {
  readonly stderr: OutputStream;
  readonly isJournal: boolean;
  readonly useColour: boolean;
  readonly level: LogLevel;
  /** `backup-run[app 1a2b3c4d]`. */
  readonly label: () => string;
  readonly now: () => Date;
}

export interface SessionLog extends Log {
  /** From now on secrets are masked by `redact`. */
  readonly setRedactor: (redact: (text: string) => string) => void;
  /** Mask secrets in what is written elsewhere. */
  readonly redact: (text: string) => string;
  /** Open the log file; what was said before goes into it first. */
  readonly openFile: (path: string) => Promise<void>;
  /** The last lines, oldest first. */
  readonly tail: () => readonly string[];
  /** Wait until everything said is written, then close the file. */
  readonly close: () => Promise<void>;
  /** Asked before each line on a terminal what goes before it: so that a progress line makes way. */
  readonly setPrelude: (prelude: () => string) => void;
}

export function createSessionLog(options: SessionLogOptions): SessionLog {
  const lines: string[] = [];
  let redact = (text: string) => text;
  let file: { readonly handle: FileHandle; readonly path: string } | undefined;
  let prelude = () => "";
  let writing: Promise<unknown> = Promise.resolve();
  const then = (write: () => Promise<unknown>) => {
    writing = writing.then(write).catch(() => undefined);
  };

  const append = (text: string) => {
    // What is said before the file is open is among what goes into it first, however long a slow stderr delays this.
    const opened = file;
    then(async () => {
      if (opened === undefined || file !== opened) return;
      const { handle, path } = opened;
      try {
        await handle.appendFile(text);
      } catch (error) {
        file = undefined;
        say(
          "warning",
          "log.unwritable",
          `Cannot write to the log file "${path}" any more: ${describeError(error)}`,
        );
        await handle.close();
      }
    });
  };

  const say = (level: LogLevel, event: string, message: string) => {
    const entry: Entry = { at: options.now(), level, event, message: redact(message) };
    const line = formatFileLine(entry, options.label());
    lines.push(line);
    if (lines.length > tailLines) lines.shift();
    append(`${line}\n`);
    if (ranks[level] < ranks[options.level]) return;
    const shown = formatShownLine(entry, options);
    then(() => options.stderr.write(`${prelude()}${shown}\n`));
  };

  return {
    debug: (event, message) => say("debug", event, message),
    info: (event, message) => say("info", event, message),
    warning: (event, message) => say("warning", event, message),
    error: (event, message) => say("error", event, message),
    setRedactor: (next) => {
      redact = next;
    },
    redact: (text) => redact(text),
    openFile: async (path) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
      file = { handle: await open(path, flags, 0o640), path };
      append(lines.map((line) => `${redact(line)}\n`).join(""));
    },
    tail: () => lines.map(redact),
    setPrelude: (next) => {
      prelude = next;
    },
    close: async () => {
      // A line that cannot be written to the file brings one more.
      for (let last: unknown; last !== writing; ) {
        last = writing;
        await writing;
      }
      await file?.handle.close();
      file = undefined;
    },
  };
}

/** `2026-11-21T03:30:07+00:00 WARNING backup-run[app 1a2b3c4d] source.changed: 3 files changed`. */
function formatFileLine(entry: Entry, label: string): string {
  const text = entry.message.replaceAll("\n", "\n    ");
  return `${formatLocalTime(entry.at)} ${entry.level.toUpperCase().padEnd(7)} ${label} ${entry.event}: ${text}`;
}

function formatShownLine(entry: Entry, options: SessionLogOptions): string {
  if (options.isJournal) {
    const prefix = `<${journalPriorities[entry.level]}>`;
    return prefix + entry.message.replaceAll("\n", `\n${prefix}`);
  }
  if (!options.stderr.isTerminal) return formatFileLine(entry, options.label());
  const colour = options.useColour ? colours[entry.level] : "";
  return colour === "" ? entry.message : `\x1b[${colour}m${entry.message}\x1b[0m`;
}

/** ISO 8601 to the second with the local offset. */
export function formatLocalTime(at: Date): string {
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const absolute = Math.abs(offset);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}
