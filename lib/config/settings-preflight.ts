import { withDefault } from "#lib/config/entry.ts";
import { decimal, duration, mounts } from "#lib/config/parsers.ts";

export const preflightSettings = {
  REQUIRE_MOUNT: withDefault(mounts, "", {
    doc: "One a line: PATH must be a mount point; PATH=MARKER must hold a file of that name",
  }),
  MIN_FREE_GB: withDefault(decimal(0, 1e9, "GiB"), "5", {
    doc: "GiB that must be free on each destination",
    aliases: ["MIN_DISK_SPACE_PRIMARY_GB"],
  }),
  MIN_FREE_PERCENT: withDefault(decimal(0, 100, "percent"), "0", {
    doc: "Percent that must be free on each destination",
  }),
  FS_TIMEOUT: withDefault(duration(1000), "30s", {
    doc: "A file system that takes longer to answer is taken for hung",
    aliases: ["FS_IO_TIMEOUT"],
  }),
};
