import { optional, withDefault } from "#lib/config/entry.ts";
import { choice, duration, flag, integer, path } from "#lib/config/parsers.ts";
import { excludePatterns, programs, stackNames, volumeChoice } from "#lib/config/stack-parsers.ts";

export const stackSettings = {
  STACKS_DIR: optional(path, {
    doc: "Directory of compose stacks: each directory in it that has a compose file is one",
    aliases: ["DOCKHAND_BASE"],
  }),
  STACKS_DIR_APPEND_HOSTNAME: withDefault(choice("auto", "true", "false"), "auto", {
    doc: "Whether the stacks lie in STACKS_DIR/HOST_NAME; auto: when that directory exists",
    aliases: ["DOCKHAND_APPEND_HOSTNAME"],
  }),
  APPDATA_DIR: optional(path, {
    doc: "Directory with the data of each stack in a directory of the stack's name",
    aliases: ["APPDATA_PATH"],
  }),
  STACKS_SELECT: withDefault(stackNames, "", { doc: "Only these stacks, one a line; empty: all" }),
  STACKS_SKIP: withDefault(stackNames, "", { doc: "Stacks to leave out, one a line" }),
  STACK_BINDS: withDefault(choice("near", "all", "none"), "near", {
    doc: "Bind mounts that are data: near (below the stack's directory or APPDATA_DIR), all or none",
  }),
  STACK_VOLUMES: withDefault(volumeChoice, "all", {
    doc: "Named volumes that are data: all, none, or names, one a line",
  }),
  STACK_EXCLUDES: withDefault(excludePatterns, "", {
    doc: "What to leave out, one pattern of tar a line",
    aliases: ["EXCLUDE_PATTERNS"],
  }),
  STACK_STOP: withDefault(choice("stop", "down", "pause"), "stop", {
    doc: "stop keeps the containers; down removes them, as the legacy scripts did; pause freezes their processes",
  }),
  STACK_FREEZE: withDefault(choice("auto", "snapshot", "reflink", "presync", "none"), "auto", {
    doc: "How data is held still: snapshot (btrfs, ZFS), reflink copy, copy before the stop and changes in it, or none: archived while stopped",
  }),
  STACK_STAGING_DIR: optional(path, {
    doc: "Where copies of data go; unset: near the data, on its file system, else BACKUP_DIR",
  }),
  STACK_MAX_WINDOW: withDefault(duration(1000), "15m", {
    doc: "A stack that is stopped for longer is started, and its archive given up",
  }),
  MAX_RESTART_ATTEMPTS: withDefault(integer(1, 20), "3", {
    doc: "How often a stack is started until it runs",
  }),
  RESTART_RETRY_DELAY: withDefault(duration(0), "5s", { doc: "Pause between these attempts" }),
  STACK_HEALTH_TIMEOUT: withDefault(duration(1000), "2m", {
    doc: "How long a container with a healthcheck may take to become healthy again",
  }),
  POST_RESTART_HOOKS: withDefault(programs, "", {
    doc: "Programs, one a line, called with a stack's name and directory after it runs again; one that fails is a note",
  }),
  DRILL_START_STACKS: withDefault(flag, "false", {
    doc: "Whether a drill starts a copy of each stack from its restored data, shut off from the network",
  }),
  DRILL_STACK_TIMEOUT: withDefault(duration(1000), "5m", {
    doc: "How long such a copy may take until it runs and is healthy; then it must stay up for 10 s",
  }),
};
