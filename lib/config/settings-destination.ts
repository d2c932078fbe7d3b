import { optional, type Required, withDefault } from "#lib/config/entry.ts";
import { choice, flag, integer, layout, path } from "#lib/config/parsers.ts";

const backupDirectory: Required<string> & { readonly isRequired: true } = {
  parse: path,
  default: () => undefined,
  isRequired: true,
  doc: "Directory that receives the sets; it must exist",
  aliases: ["BACKUP_DEST", "BACKUP_BASE", "LOCAL_BACKUP_PATH", "BACKUP_PATH"],
};

export const destinationSettings = {
  BACKUP_DIR: backupDirectory,
  SECONDARY_DIR: optional(path, {
    doc: "Second directory, on another disk or a mounted NAS, written at the same time; a run without it is partial",
    aliases: ["SECONDARY_PATH", "SECONDARY_BACKUP_PATH"],
  }),
  BACKUP_LAYOUT: withDefault(layout, "{host}/{job}/{stamp}", {
    doc: "Path of a set: {host} {job} {stamp} (UTC), and {YYYY} {MM} {DD} {HH} {mm} {ss} in TIME_ZONE",
  }),
  COMPRESSION: withDefault(choice("zstd", "gzip", "xz", "none"), "zstd", {
    doc: "zstd, gzip, xz or none",
    aliases: ["COMPRESSION_METHOD", "COMPRESSION_TYPE"],
  }),
  COMPRESSION_LEVEL: optional(integer(0, 19), {
    doc: "1 to 19 for zstd, 1 to 9 for gzip, 0 to 9 for xz; unset: 3 for zstd, 6 for gzip and xz",
  }),
  COMPRESSION_THREADS: withDefault(integer(0, 256), "0", {
    doc: "Cores that compress; 0: all of them",
    aliases: ["PARALLEL_THREADS"],
  }),
  VERIFY: withDefault(flag, "true", { doc: "Read back what was written before the set gets its name" }),
};
