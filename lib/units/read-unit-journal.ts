import { z } from "zod";
import type { Exec } from "#lib/core/deps.ts";
import {
  entriesOfRun,
  type JournalEntry,
  messageOf,
  type RecalledRun,
  recallRun,
} from "#lib/core/unit-journal.ts";
import { sshCommand } from "#lib/units/ssh-command.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

export interface JournalRequest {
  readonly exec: Exec;
  readonly target: ManagerTarget;
  readonly unit: string;
  readonly invocationId: string;
}

const timeoutMs = 20_000;
/** Of its unit; those of the run are among them. */
const linesAsked = 500;
const linesShown = 10;
const entrySchema = z.record(z.string(), z.unknown());

/** The last lines of one run of a unit, its own and systemd's about it; empty where no journal can be read. */
export async function readUnitJournal(request: JournalRequest): Promise<readonly string[]> {
  const lines = (await askJournal(request)).flatMap((entry) => messageOf(entry).split("\n"));
  return lines.filter((line) => line.trim() !== "").slice(-linesShown);
}

/**
 * How a run of a unit ended, for one that systemd forgot while nobody could hold it; undefined when the journal does not say it
 * either.
 */
export async function recallFromJournal(request: JournalRequest): Promise<RecalledRun | undefined> {
  return recallRun(await askJournal(request));
}

async function askJournal(request: JournalRequest): Promise<readonly JournalEntry[]> {
  const { exec, target, unit, invocationId } = request;
  const isUser = target.kind === "user";
  // What a unit wrote last may still be on its way into the journal. Only root may have it waited for.
  await exec(commandAt(target, ["journalctl", "--sync"]), { timeoutMs });
  const result = await exec(
    commandAt(target, [
      ...["journalctl", "--quiet", "--no-pager", "--output=json", `--lines=${linesAsked}`],
      ...(isUser ? ["--user"] : []),
      ...[`_SYSTEMD_INVOCATION_ID=${invocationId}`, "+"],
      ...[`${isUser ? "USER_INVOCATION_ID" : "INVOCATION_ID"}=${invocationId}`, "+"],
      `${isUser ? "_SYSTEMD_USER_UNIT" : "_SYSTEMD_UNIT"}=${unit}`,
    ]),
    { timeoutMs },
  );
  return result.exitCode === 0
    ? entriesOfRun(result.stdout.split("\n").flatMap(parseEntry), invocationId)
    : [];
}

function parseEntry(line: string): readonly JournalEntry[] {
  try {
    return [entrySchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}

function commandAt(
  target: ManagerTarget,
  [program = "", ...args]: readonly string[],
): readonly [string, ...string[]] {
  return target.kind === "host" ? sshCommand(target.host, [program, ...args]) : [program, ...args];
}
