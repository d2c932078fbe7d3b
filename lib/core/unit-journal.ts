/** What systemd writes into the journal about the end of a service, by its own message ids. Pure. */

export interface RecalledRun {
  /** As the unit's Result would be. */
  readonly result: string;
  readonly exitStatus: number;
}

const unitSucceeded = "7ad2d189f7e94e70a38c781354912448";
const unitFailed = "d9b373ed55a64feb8242e02dbe79a49c";
const processExited = "98e322203f7a4ed290d09fe03c09fe15";

/** The end of a run from its entries, oldest first; undefined when they do not tell it. */
export function recallRun(entries: readonly Readonly<Record<string, unknown>>[]): RecalledRun | undefined {
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
