/** All that the state directory of a job says, read without any effect and without its lock; of the history as `readHistory()` does. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { emptyMemory } from "#lib/core/health-memory.ts";
import type { FailedChannel, JobRecord, Proof, Waiting } from "#lib/core/job-record.ts";
import { describeError, errorCode } from "#lib/core/ops-error.ts";
import { recallSets } from "#lib/core/set-places.ts";
import { type ChannelRecord, channelsPath, readChannels } from "#lib/run/channel-record.ts";
import { memoryPath, readMemory } from "#lib/run/health-memory.ts";
import { historyPath, readHistory } from "#lib/run/history.ts";
import { journalPath, parseJournal } from "#lib/run/journal.ts";
import { parseHolder } from "#lib/run/lock-job.ts";
import { outboxDirectory } from "#lib/run/outbox-directory.ts";
import { lastSetOf, readStatus, statusPath } from "#lib/run/status.ts";
import { type DrillRecord, readDrills } from "#lib/stores/drill-record.ts";
import { queueDirectory } from "#lib/stores/upload-queue.ts";
import { readVerifications, type Verification } from "#lib/stores/verification-record.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { type LockTable, readLockFile } from "#lib/tools/lock-table.ts";

interface Reading {
  /** Runs of before then are not needed, as in `readHistory()`. */
  readonly since: Date | undefined;
  /** The state is known to give no answer: each file that is asked for would keep a thread for ever. */
  readonly isSilent: boolean;
}

type Read = <Value>(what: () => Promise<Value>, otherwise: Value) => Promise<Value>;

export async function readJobRecord(
  settings: Settings,
  locks: LockTable,
  { since, isSilent }: Reading,
): Promise<JobRecord> {
  const { STATE_DIR, JOB, FS_TIMEOUT, STORES } = settings;
  const problems: string[] = [];
  const read: Read = async (what, otherwise) => {
    try {
      if (isSilent)
        throw new Error(`Cannot read the state in "${join(STATE_DIR, JOB)}": no answer from the file system`);
      return await withDeadline(what(), FS_TIMEOUT, `read the state in "${join(STATE_DIR, JOB)}"`);
    } catch (error) {
      problems.push(describeError(error));
      return otherwise;
    }
  };
  const nothing: Waiting = { count: 0, oldestAt: undefined };
  const directory = join(STATE_DIR, JOB);
  const outbox = outboxDirectory(settings);
  const [history, status, lock, journal, waiting, channels, verifications, drills, memory, uploads] =
    await Promise.all([
      read(() => readHistory(historyPath(settings), since), { runs: [], unreadableCount: 0 }),
      read(() => readStatus(statusPath(settings)), {}),
      read(() => readLockFile(settings.LOCK_FILE, locks), { isHeld: false, text: "" }),
      read(() => readJournalText(journalPath(STATE_DIR, JOB)), undefined),
      read(() => listWaiting(outbox), { ...nothing, names: [] }),
      read(() => readChannels(channelsPath(settings)), { channels: {} }),
      read(() => readVerifications(join(directory, "verified.json")), { verifications: [] }),
      read(() => readDrills(join(directory, "drill.json")), { drills: [] }),
      read(() => readMemory(memoryPath(settings)), { memory: emptyMemory }),
      Promise.all(
        STORES.map(async ({ name }) => {
          const queue = await read(() => listWaiting(queueDirectory(STATE_DIR, JOB, name)), nothing);
          return [name, { count: queue.count, oldestAt: queue.oldestAt }] as const;
        }),
      ),
    ]);
  const parsed = journal === undefined ? undefined : parseJournal(journal)?.journal;
  if (journal !== undefined && parsed === undefined)
    problems.push(`The journal in "${directory}" is damaged`);
  for (const { problem } of [status, channels, verifications, drills, memory])
    if (problem !== undefined) problems.push(problem);
  const sets = status.problem === undefined ? status.status : recallSets(history.runs);
  return {
    history,
    lastRun: status.status?.lastRun,
    lastSet: lastSetOf(status.status),
    lastCompleteAt: sets?.lastCompleteAt,
    places: sets?.places ?? {},
    lock: { isHeld: lock.isHeld, holder: parseHolder(lock.text) },
    journal: parsed,
    outbox: { count: waiting.count, oldestAt: waiting.oldestAt },
    failedChannels: listFailed(channels.channels, waiting.names),
    uploads: Object.fromEntries(uploads),
    verification: lastVerification(verifications.verifications),
    drill: lastDrill(drills.drills),
    memory: memory.memory,
    problems: [...new Set(problems)],
  };
}

async function readJournalText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The entries of a queue or of the outbox; their names begin with the time: `20261121030000123-…`. */
async function listWaiting(directory: string): Promise<Waiting & { readonly names: readonly string[] }> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith(".json")).toSorted();
    return { count: names.length, oldestAt: parseStamp(names[0] ?? ""), names };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { count: 0, oldestAt: undefined, names: [] };
    throw error;
  }
}

function parseStamp(name: string): string | undefined {
  const text = name.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3}).*$/s, "$1-$2-$3T$4:$5:$6.$7Z");
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

/** What it did not take waits for it; where nothing waits any more it has taken it later, unless its messages never wait. */
function listFailed(channels: ChannelRecord, waiting: readonly string[]): readonly FailedChannel[] {
  return Object.entries(channels).flatMap(([name, { at, outcome, error, isKept }]) => {
    const hasTaken = isKept && !waiting.some((file) => file.endsWith(`-${name}.json`));
    return outcome === "sent" || hasTaken ? [] : [{ name, at, error: error ?? "it said nothing" }];
  });
}

/** Each copy is recorded by itself, and a good one that is looked at after a damaged one makes nothing of that better. */
const roundMs = 24 * 3_600_000;

function lastVerification(verifications: readonly Verification[]): Proof | undefined {
  const last = verifications.at(-1);
  if (last === undefined) return undefined;
  const round = verifications.filter(({ at }) => Date.parse(last.at) - Date.parse(at) < roundMs);
  return {
    at: last.at,
    isGood: round.every(({ outcome }) => outcome === "complete"),
    problems: round.flatMap(({ problems }) => problems),
  };
}

function lastDrill(drills: readonly DrillRecord[]): Proof | undefined {
  const last = drills.at(-1);
  const problems = last?.components.flatMap((one) => one.problems.map((text) => `${one.name}: ${text}`));
  return last && { at: last.at, isGood: last.outcome === "complete", problems: problems ?? [] };
}
