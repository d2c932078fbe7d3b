/**
 * A copy of a live SQLite database, and whether it is sound.
 *
 * Tried with 3.40: without a transaction around it, .backup gives the lock away every 100 pages and begins anew whenever
 * another process has written, so that it need not end at all under a steady writer. In a read transaction it is one point
 * in time: in WAL mode nobody waits for it, in the older modes writers wait for as long as the copying takes.
 *
 * The database is opened read-only, so that no backup ever writes to it. What a crashed writer left in a rollback
 * journal is not undone then; SQLite refuses to read, and says so.
 */

import { join } from "node:path";
import { z } from "zod";
import { findHint, type Hints } from "#lib/core/dump-reader.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { type RowCounts, sumUp } from "#lib/core/row-counts.ts";
import { ask } from "#lib/preflight/ask-file-system.ts";
import type { SourceAccess } from "#lib/sources/source.ts";
import { countSqliteRows } from "#lib/sources/sqlite-rows.ts";

/** The copy's name in its directory: sqlite3 runs there, since a path would need quoting in its commands. */
export const copyName = "copy.sqlite";

const problemsShown = 5;
const slowestBytesPerMs = 1000;

const hints: Hints = [
  [
    /database is locked/,
    "Another program writes to it all the time: back up when it rests, or raise FS_TIMEOUT",
  ],
  [/not a database/, "Is it encrypted, or something else than SQLite?"],
  [
    /readonly database/,
    "A writer was killed and left a journal: let its application open it once. Or this user may not write beside it",
  ],
  [/unable to open database/, "May this user read it, and write beside it?"],
  [/malformed/, "It is damaged: sqlite3 FILE .recover saves what is left, older sets have it whole"],
  [/disk is full|disk I\/O/, "A copy as large as the database has to fit beside the set: free space there"],
];

/** What a restore has to give back to the file. */
export interface FileFacts {
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
}

/** Copy the database at `path` into `directory`. Throws OpsError "failed" in SQLite's words. */
export async function copyDatabase(
  path: string,
  directory: string,
  access: SourceAccess,
): Promise<FileFacts> {
  const { bytes, ...facts } = await readFile(path, access);
  const { timeoutMs } = access;
  const copied = await runSqlite(access, directory, bytes, [
    "-readonly",
    path,
    `.timeout ${timeoutMs}`,
    "BEGIN",
    // The transaction begins with the first reading.
    "SELECT count(*) FROM sqlite_master",
    `.backup main ${copyName}`,
  ]);
  if (copied.problem === undefined) return facts;
  const hint = findHint(copied.problem, hints);
  throw new OpsError(`Cannot copy "${path}": ${copied.problem}`, { outcome: "failed", hint });
}

export interface CheckedCopy {
  readonly bytes: number;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What SQLite finds wrong with it. */
  readonly problem: string | undefined;
}

const contentFacts = z.record(z.string(), z.unknown());
const contentQuestion = `SELECT json_object(
  'sqlite', sqlite_version(),
  'userVersion', (SELECT user_version FROM pragma_user_version),
  'tables', (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^'))`;

/** Have SQLite look at every page of the copy. Throws OpsError "failed" when there is none. */
export async function checkCopy(directory: string, access: SourceAccess): Promise<CheckedCopy> {
  const { bytes } = await readFile(join(directory, copyName), access);
  // Immutable: nothing else has it open, and no log of its own comes into being beside it.
  const copy = ["-readonly", `file:${copyName}?immutable=1`];
  const question = `PRAGMA integrity_check(${problemsShown})`;
  const checked = await runSqlite(access, directory, bytes, [...copy, question]);
  const words = checked.problem ?? checked.stdout.replaceAll("\n", "; ");
  if (words !== "ok") return { bytes, facts: {}, problem: `PRAGMA integrity_check: ${words}` };
  const asked = await runSqlite(access, directory, 0, [...copy, contentQuestion]);
  if (asked.problem !== undefined) return { bytes, facts: {}, problem: asked.problem };
  const rows = await countCopy(directory, access, bytes, copy);
  const facts = contentFacts.parse(JSON.parse(asked.stdout));
  return { bytes, facts: rows === undefined ? facts : { ...facts, rows }, problem: undefined };
}

/** Undefined when it cannot be counted, which says nothing about the copy. */
async function countCopy(
  directory: string,
  access: SourceAccess,
  bytes: number,
  copy: readonly string[],
): Promise<RowCounts | undefined> {
  try {
    const ask = async (sql: string) => {
      const asked = await runSqlite(access, directory, bytes, [...copy, sql]);
      if (asked.problem === undefined) return asked.stdout;
      throw new OpsError(`Cannot count the rows: ${asked.problem}`, { outcome: "failed" });
    };
    return sumUp(await countSqliteRows(ask));
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    access.log.warning("database.uncounted", `The drill will not compare rows: ${describeError(error)}`);
    return undefined;
  }
}

async function readFile(path: string, access: SourceAccess): Promise<FileFacts & { readonly bytes: number }> {
  const answer = await ask(access, ["stat", "--dereference", "--format=%s %a %u %g", "--", path]);
  if (!answer.ok) throw new OpsError(`Cannot copy "${path}": ${answer.reason}`, { outcome: "failed" });
  const [bytes, mode = "", uid, gid] = answer.value.split(" ");
  return { bytes: Number(bytes), mode, uid: Number(uid), gid: Number(gid) };
}

interface SqliteEnd {
  readonly stdout: string;
  readonly problem: string | undefined;
}

/** Run sqlite3 in `directory`; `bytes` to be read or written make its deadline longer. */
async function runSqlite(
  { exec, timeoutMs, signal }: SourceAccess,
  directory: string,
  bytes: number,
  args: readonly string[],
): Promise<SqliteEnd> {
  // Waiting for a lock is half of it.
  const deadlineMs = 2 * timeoutMs + bytes / slowestBytesPerMs;
  const result = await exec(["sqlite3", "-batch", "-bail", "-init", "/dev/null", ...args], {
    timeoutMs: deadlineMs,
    signal,
    cwd: directory,
  });
  const stdout = result.stdout.trim();
  if (result.exitCode === 0) return { stdout, problem: undefined };
  if (result.timedOut) return { stdout, problem: `no end after ${Math.round(deadlineMs / 1000)} s` };
  if (result.notFound) return { stdout, problem: 'the program "sqlite3" is not installed' };
  const words = result.stderr
    .trim()
    .replaceAll(/^Error: (?:in prepare, |stepping, )?/gm, "")
    .replaceAll("\n", "; ");
  return { stdout, problem: words || `sqlite3 ended with ${result.exitCode}` };
}
