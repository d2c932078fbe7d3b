import { withDefault } from "#lib/config/entry.ts";
import { integer } from "#lib/config/parsers.ts";

const count = integer(0, 100_000);

export const retentionSettings = {
  KEEP_LAST: withDefault(count, "3", { doc: "The newest sets that stay" }),
  KEEP_DAILY: withDefault(count, "7", {
    doc: "Days of which the newest set stays",
    aliases: ["RETENTION_DAILY"],
  }),
  KEEP_WEEKLY: withDefault(count, "4", {
    doc: "Weeks (from Monday) of which the newest set stays",
    aliases: ["RETENTION_WEEKLY"],
  }),
  KEEP_MONTHLY: withDefault(count, "6", {
    doc: "Months of which the newest set stays",
    aliases: ["RETENTION_MONTHLY"],
  }),
  KEEP_YEARLY: withDefault(count, "0", {
    doc: "Years of which the newest set stays",
    aliases: ["RETENTION_YEARLY"],
  }),
};
