/** What the journal has of one run of a service: its own lines, and what systemd says of its end by message ids. Pure. */

export type JournalEntry = Readonly<Record<string, unknown>>;

export interface RecalledRun {
  /** As the unit's Result would be. */
  readonly result: string;
  readonly exitStatus: number;
}

const unitSucceeded = "7ad2d189f7e94e70a38c781354912448";
const unitFailed = "d9b373ed55a64feb8242e02dbe79a49c";
const processExited = "98e322203f7a4ed290d09fe03c09fe15";

/** The end of a run from its entries, oldest first; undefined when they do not tell it. */
export function recallRun(entries: readonly JournalEntry[]): RecalledRun | undefined {
  const lastOf = (id: string) => entries.findLast((entry) => entry["MESSAGE_ID"] === id);
  const failed = lastOf(unitFailed);
  if (failed === undefined && lastOf(unitSucceeded) === undefined) return undefined;
  const exit = lastOf(processExited);
  // systemd mentions the exit of a process that went well only at the level of debugging.
  const exitStatus = Number(exit?.["EXIT_STATUS"] ?? 0);
  const result = failed?.["UNIT_RESULT"];
  return {
    result: failed === undefined ? "success" : typeof result === "string" ? result : "failed",
    exitStatus: Number.isInteger(exitStatus) ? exitStatus : 0,
  };
}

/** Fields that name the run of an entry: of the process that wrote it, of what a manager says about its unit. */
const runFields = ["_SYSTEMD_INVOCATION_ID", "INVOCATION_ID", "USER_INVOCATION_ID"];

/**
 * Entries of one run among those of its unit, oldest first.
 *
 * The journal asks the kernel for the run of whoever writes, and a process that has ended a moment ago has none any more: what
 * stands between two entries of the run and names no other belongs to it.
 */
export function entriesOfRun(
  entries: readonly JournalEntry[],
  invocationId: string,
): readonly JournalEntry[] {
  const runOf = (entry: JournalEntry) =>
    runFields.map((field) => entry[field]).find((id) => id !== undefined);
  const isOwn = (entry: JournalEntry) => runOf(entry) === invocationId;
  const between = entries.slice(entries.findIndex(isOwn), entries.findLastIndex(isOwn) + 1);
  return between.filter((entry) => isOwn(entry) || runOf(entry) === undefined);
}

/** The text of an entry; the journal shows one that is no UTF-8 as its bytes. */
export function messageOf({ MESSAGE: message }: JournalEntry): string {
  if (typeof message === "string") return message;
  if (!Array.isArray(message)) return "";
  return new TextDecoder().decode(Uint8Array.from(message.filter((byte) => typeof byte === "number")));
}
