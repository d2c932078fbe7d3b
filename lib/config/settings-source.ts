import { optional, withDefault } from "#lib/config/entry.ts";
import { decimal, flag, integer, path, relativePaths } from "#lib/config/parsers.ts";

export const sourceSettings = {
  APP_DIR: optional(path, { doc: "Directory of the application to back up" }),
  APP_EXCLUDES: withDefault(relativePaths, "", {
    doc: "What to leave out, one pattern a line, relative to APP_DIR; `*` matches `/` too",
  }),
  APP_REQUIRED: withDefault(relativePaths, "", {
    doc: "Paths in APP_DIR that must exist, one a line: the sign that it is the right directory",
  }),
  APP_MIN_MB: withDefault(decimal(0, 1e9, "MiB"), "1", {
    doc: "Less than this many MiB in APP_DIR is a failure",
  }),
  SIZE_ALERT_PERCENT: withDefault(integer(0, 100), "50", {
    doc: "A component that shrank by so many percent against the median of the last seven is doubtful; 0: never",
  }),
  APP_ONE_FILE_SYSTEM: withDefault(flag, "true", { doc: "Leave out what is mounted below APP_DIR" }),
};
