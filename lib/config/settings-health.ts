import { optional, withDefault } from "#lib/config/entry.ts";
import { decimal, flag, integer } from "#lib/config/parsers.ts";
import { stackNames } from "#lib/config/stack-parsers.ts";

export const healthSettings = {
  MAX_AGE_HOURS: optional(decimal(0.1, 10_000, "hours"), {
    doc: "A last whole set that is older is a problem; unset: the longest pause of the job's schedule and a quarter more, 26 hours without one",
  }),
  MAX_VERIFICATION_AGE_DAYS: optional(decimal(0.1, 10_000, "days"), {
    doc: "A last verification (`restore verify`) that is older is a problem; unset: 35 days as soon as there has been one",
  }),
  MAX_DRILL_AGE_DAYS: optional(decimal(0.1, 10_000, "days"), {
    doc: "A last drill (`restore drill`) that is older is a problem; unset: 35 days as soon as there has been one",
  }),
  EXPECT_SCHEDULE: withDefault(flag, "true", {
    doc: "Something on this machine must start the job: cron or a timer; false: it is started from elsewhere",
  }),
  FULL_WITHIN_DAYS: withDefault(integer(0, 3650), "14", {
    doc: "A destination that will be full within so many days, if it goes on so, is a problem; 0: never",
  }),
  STACKS_MAY_REST: withDefault(stackNames, "", {
    doc: "Stacks that need not run, one a line",
  }),
  REMIND_HOURS: withDefault(decimal(0.1, 10_000, "hours"), "24", {
    doc: "How often the health check reminds of problems that stay",
  }),
};
