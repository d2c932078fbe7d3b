import { DbusError } from "#lib/tools/dbus-connection.ts";

const words: readonly (readonly [name: RegExp, reason: string, hint: string])[] = [
  [
    /AccessDenied|InteractiveAuthorizationRequired|AuthFailed/,
    "no-permission",
    "Run it as root, or allow it by polkit",
  ],
  [/UnitMasked/, "masked", "systemctl unmask it, or take it out of the stage"],
  [/NoSuchUnit/, "not-found", "Correct the name, or install the unit"],
  [
    /LoadFailed|BadUnitSetting|UnitBadSetting/,
    "bad-setting",
    "systemd-analyze verify says what is wrong with it",
  ],
  [
    /TransactionIsDestructive/,
    "stopping",
    "It is being stopped, or conflicts with a unit that is being started",
  ],
  [/TransactionOrderIsCyclic/, "ordering-cycle", "Its After= and Before= contradict each other"],
  [/TransactionJobsConflicting/, "conflict", "It, or what it needs, conflicts with another unit"],
];

/** Why systemd did not take the start of a unit; the reason is one word. */
export interface UnitRefusal {
  readonly reason: string;
  readonly message: string;
}

const lostNames = /^lost$|NoReply$|ServiceUnknown$|NameHasNoOwner$|Disconnected$/;

/** Whether an error means that systemd did not answer, rather than that it refused. */
export function isBusLost(error: unknown): boolean {
  return error instanceof DbusError && lostNames.test(error.errorName);
}

/** What a refusal of systemd means. Rethrows what is none. */
export function describeRefusal(error: unknown): UnitRefusal {
  if (!(error instanceof DbusError) || isBusLost(error)) throw error;
  const known = words.find(([name]) => name.test(error.errorName));
  const hint = known === undefined ? "" : `. ${known[2]}`;
  const said = error.message.replace(/\.+$/, "");
  return { reason: known?.[1] ?? "refused", message: `was refused by systemd: ${said}${hint}` };
}
