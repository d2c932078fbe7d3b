/**
 * `history.jsonl`: a line for each run of a job, its endings under a busy lock included.
 *
 * Lines are appended whole, also by runs that do not hold the lock. Only who holds it shortens the file; a busy run that
 * appends in that very moment loses its line, and nothing else.
 */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { errorCode } from "#lib/core/ops-error.ts";
import { type History, isWholeBackup, type PastRun, parseHistory } from "#lib/core/run-history.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

const longest = 1024 * 1024;
/** What is kept when the file has become too long: hundreds of runs. */
const keptBytes = 256 * 1024;
/** What is read at first: days of an hourly job, months of a daily one. */
const readBytes = 32 * 1024;
/** What is read at first by whoever says since when: to understand a line takes longer than to read it, and there are many jobs. */
const leastBytes = 8 * 1024;
/** So many backups of the whole job that were not merely busy are wanted: one of a hundred stacks may fill all that is read at first. */
const wantedRuns = 10;
const newline = "\n".charCodeAt(0);

export function historyPath({ STATE_DIR, JOB }: Pick<Settings, "STATE_DIR" | "JOB">): string {
  return join(STATE_DIR, JOB, "history.jsonl");
}

/** Add a run; `mayShorten` where the job's lock is held. */
export async function appendHistory(path: string, run: PastRun, mayShorten: boolean): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  let size: number;
  {
    await using file = await open(path, "a+", 0o644);
    ({ size } = await file.stat());
    const isCutOff = size > 0 && (await readAt(file, size - 1, 1))[0] !== newline;
    await file.appendFile(`${isCutOff ? "\n" : ""}${JSON.stringify(run)}\n`);
    await file.sync();
  }
  if (mayShorten && size > longest)
    await writeFileDurably(path, (await readTail(path, keptBytes)).text, { mode: 0o644 });
}

/** The last runs, at least those since then. None when there is no history. */
export async function readHistory(path: string, since?: Date): Promise<History> {
  try {
    for (let bytes = since === undefined ? readBytes : leastBytes; ; bytes *= 4) {
      const { text, isWhole } = await readTail(path, bytes);
      const history = parseHistory(text);
      if (isWhole || isEnough(history.runs, since)) return history;
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { runs: [], unreadableCount: 0 };
    throw error;
  }
}

function isEnough(runs: readonly PastRun[], since: Date | undefined): boolean {
  const backups = runs.filter((run) => isWholeBackup(run) && run.outcome !== "busy");
  if (backups.length < wantedRuns) return false;
  return since === undefined || runs.some(({ endedAt }) => Date.parse(endedAt) < since.getTime());
}

/** The last lines that are there as a whole. */
async function readTail(
  path: string,
  most: number,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const start = Math.max(0, size - most);
  const text = (await readAt(file, start, size - start)).toString("utf8");
  return start === 0 ? { text, isWhole: true } : { text: text.slice(text.indexOf("\n") + 1), isWhole: false };
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
