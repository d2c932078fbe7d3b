import { optional, withDefault } from "#lib/config/entry.ts";
import { decimal, flag, integer, path, relativePaths, words } from "#lib/config/parsers.ts";
import { databases, holdsPassword } from "#lib/config/source-parsers.ts";

export const sourceSettings = {
  DATABASES: {
    ...withDefault(databases, "", {
      doc: "Databases, one URL a line: `mysql://USER:PASSWORD@HOST/NAME`, `postgres://…`, `sqlite:///PATH`; without NAME all of the server",
    }),
    isSecret: true,
    holdsSecret: holdsPassword,
  },
  DB_MIN_KB: withDefault(decimal(0, 1e9, "KiB"), "1", {
    doc: "A dump with less than this many KiB is doubtful",
  }),
  SYSTEM_STATE: withDefault(flag, "false", {
    doc: "Collect crontabs, package lists, configuration of services, network and disk facts",
  }),
  SYSTEM_STATE_SKIP: withDefault(words, "", {
    doc: "Items of the system state to leave out, one a line, by the names in the manifest",
  }),
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
