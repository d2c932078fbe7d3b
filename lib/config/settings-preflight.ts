/** What must hold before anything is written. */
import { decimal, duration, list } from "#lib/config/readers.ts";
import { requiredMount } from "#lib/config/readers-paths.ts";
import { setting } from "#lib/config/setting.ts";

export const preflightSettings = {
  REQUIRE_MOUNT: setting({
    doc: "One per line: PATH must be a mount point, or PATH=MARKER: PATH must hold a file of that name.",
    read: list(requiredMount),
    default: "",
  }),
  MIN_FREE_GB: setting({
    doc: "Least free space in GiB on each destination.",
    read: decimal(),
    default: "5",
    aliases: ["MIN_DISK_SPACE_PRIMARY_GB"],
  }),
  MIN_FREE_PERCENT: setting({
    doc: "Least free space in percent on each destination.",
    read: decimal(100),
    default: "0",
  }),
  FS_TIMEOUT: setting({
    doc: "How long a file system may take to answer before it is taken for hung.",
    read: duration(1000),
    default: "30s",
    aliases: ["FS_IO_TIMEOUT"],
  }),
};
