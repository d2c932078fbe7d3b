/** Which sets stay: of each period the newest, and all that any of the rules names. */
import { wholeNumber } from "#lib/config/readers.ts";
import { setting } from "#lib/config/setting.ts";

const count = wholeNumber(0, 100_000);

export const retentionSettings = {
  KEEP_LAST: setting({ doc: "How many of the newest sets stay.", read: count, default: "3" }),
  KEEP_DAILY: setting({
    doc: "For how many days the last set of the day stays.",
    read: count,
    default: "7",
    aliases: ["RETENTION_DAILY"],
  }),
  KEEP_WEEKLY: setting({
    doc: "For how many weeks (from Monday) the last set of the week stays.",
    read: count,
    default: "4",
    aliases: ["RETENTION_WEEKLY"],
  }),
  KEEP_MONTHLY: setting({
    doc: "For how many months the last set of the month stays.",
    read: count,
    default: "6",
    aliases: ["RETENTION_MONTHLY"],
  }),
  KEEP_YEARLY: setting({
    doc: "For how many years the last set of the year stays.",
    read: count,
    default: "0",
    aliases: ["RETENTION_YEARLY"],
  }),
};
