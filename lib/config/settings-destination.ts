/** Where sets are written, and how they are compressed. */
import { boolean, choice, wholeNumber } from "#lib/config/readers.ts";
import { layout, path } from "#lib/config/readers-paths.ts";
import { optional, required, setting } from "#lib/config/setting.ts";

const defaultLevels: Readonly<Record<string, string>> = { zstd: "3", gzip: "6", xz: "6" };

export const destinationSettings = {
  BACKUP_DIR: required({
    doc: "Directory that receives the sets. It must exist.",
    read: path,
    aliases: ["BACKUP_DEST", "BACKUP_BASE", "LOCAL_BACKUP_PATH", "BACKUP_PATH"],
  }),
  SECONDARY_DIR: optional({
    doc: "Second directory, on another disk or a mounted NAS, that is written at the same time. Without it the run is partial.",
    read: path,
    aliases: ["SECONDARY_PATH", "SECONDARY_BACKUP_PATH"],
  }),
  BACKUP_LAYOUT: setting({
    doc: "Path of a set below the directory: {host} {job} {stamp} (UTC), and {YYYY} {MM} {DD} {HH} {mm} {ss} in TIME_ZONE.",
    read: layout,
    default: "{host}/{job}/{stamp}",
  }),
  COMPRESSION: setting({
    doc: "How archives are compressed: zstd, gzip, xz or none.",
    read: choice("zstd", "gzip", "xz", "none"),
    default: "zstd",
    aliases: ["COMPRESSION_METHOD", "COMPRESSION_TYPE"],
  }),
  COMPRESSION_LEVEL: optional({
    doc: "Level of compression: 1 to 19 for zstd, 1 to 9 for gzip, 0 to 9 for xz.",
    read: wholeNumber(0, 19),
    default: {
      doc: "the method's own: 3 for zstd, 6 for gzip and xz",
      text: ({ valueOf }) => defaultLevels[valueOf("COMPRESSION") ?? ""],
    },
  }),
  COMPRESSION_THREADS: setting({
    doc: "Cores that compress; 0 is all of them.",
    read: wholeNumber(0, 256),
    default: "0",
    aliases: ["PARALLEL_THREADS"],
  }),
  VERIFY: setting({
    doc: "Read back what was written before the set gets its name.",
    read: boolean,
    default: "true",
  }),
};
