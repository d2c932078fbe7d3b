/**
 * What a run must have undone if it dies: on disk before each such act, replaced atomically.
 *
 * It holds the final report too, from the moment the run has one until it is delivered: a run killed while it reports is
 * reported as what it was, not as a death.
 */
import { link, mkdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import type { Report } from "#lib/core/report.ts";
import type { UndoJournal } from "#lib/core/run-context.ts";
import { type UndoEntry, undoEntrySchema } from "#lib/core/undo.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";
import { syncDirectory } from "#lib/tools/fsync.ts";

const journalSchema = z.object({
  schema: z.literal(1),
  runId: z.string().min(1),
  script: z.string(),
  job: z.string(),
  host: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  logFile: z.string().optional(),
  undo: z.array(z.unknown()),
  /** The death has been told; what is left to do is told of no more. */
  isReported: z.boolean().optional(),
  report: z.custom<Report>((value) => typeof value === "object" && value !== null).optional(),
});

export type JournalContent = Omit<z.infer<typeof journalSchema>, "schema" | "undo"> & {
  readonly undo: readonly UndoEntry[];
};

interface ParsedJournal {
  readonly journal: JournalContent;
  /** All of its acts can be understood. A newer version may know others; they must not keep a stack from being started. */
  readonly isWhole: boolean;
}

export interface Journal {
  readonly record: UndoJournal["record"];
  readonly forget: UndoJournal["forget"];
  /** What has been recorded and not forgotten. */
  readonly entries: () => readonly UndoEntry[];
  readonly recordReport: (report: Report) => Promise<void>;
  /** The run has ended and is reported. */
  readonly close: () => Promise<void>;
  /** The same, but what is not forgotten is left for a recovery. */
  readonly keep: () => Promise<void>;
}

export function journalPath(stateDir: string, job: string): string {
  return join(stateDir, job, "journal.json");
}

/** Where one is kept for a person that cannot be understood. */
export function asidePath(path: string): string {
  return `${path}.damaged`;
}

export async function openJournal(path: string, start: JournalContent): Promise<Journal> {
  let content = start;
  let written: Promise<void> = Promise.resolve();
  const write = (next: JournalContent): Promise<void> => {
    content = next;
    const text = `${JSON.stringify({ schema: 1, ...content }, null, 2)}\n`;
    const writeText = () => orRefuse(path, () => writeFileDurably(path, text, { mode: 0o600 }));
    // Each write is of everything: one that failed does not keep the next from being tried.
    written = written.then(writeText, writeText);
    return written;
  };
  await orRefuse(path, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }));
  await write(start);
  return {
    record: async (entry, insteadOf) => {
      const without = (other: UndoEntry | undefined) => content.undo.filter((one) => one !== other);
      try {
        await write({ ...content, undo: [...without(insteadOf), entry] });
      } catch (error) {
        // What could not be written down is not done.
        content = { ...content, undo: [...without(entry), ...(insteadOf === undefined ? [] : [insteadOf])] };
        throw error;
      }
    },
    forget: (entry) => write({ ...content, undo: content.undo.filter((one) => one !== entry) }),
    entries: () => content.undo,
    recordReport: (report) => write({ ...content, report }),
    close: async () => {
      await written.catch(() => undefined);
      await removeJournal(path);
    },
    keep: () => write({ ...content, isReported: true }),
  };
}

/** What is to be written before an act, and cannot be, stops the act. Throws OpsError "failed". */
async function orRefuse<Value>(path: string, act: () => Promise<Value>, verb = "write"): Promise<Value> {
  try {
    return await act();
  } catch (cause) {
    throw new OpsError(`Cannot ${verb} the journal "${path}"`, {
      outcome: "failed",
      hint: "Free space there, or set STATE_DIR to a directory that can be written",
      cause,
    });
  }
}

/**
 * Keep the journal of a dead run for another try at what could not be undone, its death having been told. Throws OpsError
 * "failed".
 */
export async function keepJournal(path: string, content: JournalContent): Promise<void> {
  const kept = { schema: 1, ...content, isReported: true };
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  await orRefuse(path, () => writeFileDurably(path, text, { mode: 0o600 }));
}

/** The journal that a dead run left, if any. One that cannot be understood is moved aside and named. Throws OpsError "failed". */
export async function readJournal(
  path: string,
): Promise<Partial<ParsedJournal> & { readonly damaged?: string }> {
  const text = await orRefuse(path, () => readIfThere(path), "read");
  if (text === undefined) return {};
  const journal = parseJournal(text);
  if (journal !== undefined) return journal;
  const aside = asidePath(path);
  await orRefuse(path, () => rename(path, aside), "move aside");
  return { damaged: aside };
}

/**
 * Keep it as it is for a person as well. It stays the journal until another replaces it: whoever is killed in between finds all of it.
 * By a link, which needs no room. Throws OpsError "failed".
 */
export async function linkJournalAside(path: string): Promise<void> {
  const aside = asidePath(path);
  const replace = async () => {
    await rm(aside, { force: true });
    await link(path, aside);
  };
  await orRefuse(path, replace, "keep");
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Undefined for one that cannot be understood. */
export function parseJournal(text: string): ParsedJournal | undefined {
  try {
    const { schema: _schema, undo: acts, ...journal } = journalSchema.parse(JSON.parse(text));
    const undo = acts.flatMap((act) => undoEntrySchema.safeParse(act).data ?? []);
    return { journal: { ...journal, undo }, isWhole: undo.length === acts.length };
  } catch {
    return undefined;
  }
}

/** Throws OpsError "failed". */
export async function removeJournal(path: string): Promise<void> {
  await orRefuse(path, () => removeIfThere(path), "remove");
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // Nor need its directory be there: the first run of a job may die before it has made one.
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  await syncDirectory(dirname(path));
}
