/** The settings of the legacy stack backup (`migrations-from-bash/docker-stacks`), messages apart. */
import type { ValueOf } from "#lib/migrate/docker-stacks-messages.ts";
import { dropped, type Fate, type Rule, to } from "#lib/migrate/rules.ts";

/** What the scripts assumed, where ours assume something else. */
export const defaults: readonly (readonly [name: string, value: string])[] = [
  ["DOCKHAND_BASE", "/opt/dockhand/stacks"],
  ["DOCKHAND_APPEND_HOSTNAME", "true"],
  ["APPDATA_PATH", "/mnt/datastor/appdata"],
  ["BACKUP_DEST", "/mnt/backup/docker-backups"],
  ["LOG_FILE", "/var/log/docker-backup.log"],
  ["LOCK_FILE", "/var/run/docker-stack-backup.lock"],
  ["NOTIFY_ON_SUCCESS", "true"],
  ["RETENTION_DAYS", "30"],
];

const asRoot = dropped("run as root: nothing is handed to sudo");

export function stackRules(of: ValueOf): Readonly<Record<string, Rule>> {
  return {
    DOCKHAND_BASE: to("renamed", "STACKS_DIR"),
    DOCKHAND_APPEND_HOSTNAME: (value) =>
      to("renamed", "STACKS_DIR_APPEND_HOSTNAME", "true: STACKS_DIR/HOST_NAME")(String(value === "true")),
    APPDATA_PATH: to(
      "changed",
      "APPDATA_DIR",
      "data is what compose mounts, not what the file's text mentions",
    ),
    BACKUP_DEST: to(
      "renamed",
      "BACKUP_DIR",
      "it must exist: an unmounted disk is not replaced by a directory",
    ),
    BACKUP_BASE: dropped("BACKUP_DIR is where all commands look"),
    LOG_FILE: to("same", "LOG_FILE", "for runs by hand too; every line with its time"),
    LOCK_FILE: to("same", "LOCK_FILE", "the same kernel lock; for runs by hand too; never unlinked"),
    COMPRESSION_METHOD: readMethod,
    COMPRESSION_LEVEL: (value) => readLevel(value, of("COMPRESSION_METHOD")),
    USE_PARALLEL: (value) =>
      value === "true"
        ? dropped("all cores, or COMPRESSION_THREADS of them")(value)
        : { fate: "renamed", settings: [["COMPRESSION_THREADS", "1"]], remark: "one core; 0: all of them" },
    PARALLEL_THREADS:
      of("USE_PARALLEL") === "true"
        ? to("renamed", "COMPRESSION_THREADS", "0: all cores")
        : dropped("USE_PARALLEL=false"),
    EXCLUDE_PATTERNS: (value) =>
      value === "" ? dropped("empty")(value) : to("renamed", "STACK_EXCLUDES", "one a line")(value),
    MAX_RESTART_ATTEMPTS: to("same", "MAX_RESTART_ATTEMPTS"),
    RESTART_RETRY_DELAY: to("same", "RESTART_RETRY_DELAY", "seconds"),
    POST_RESTART_HOOKS: readHooks,
    ELEVATION_CMD: asRoot,
    ELEVATION_HELPER_PATH: asRoot,
    RETENTION_DAYS: (value) => ({
      fate: "changed",
      settings: [
        ["KEEP_LAST", "1"],
        ["KEEP_DAILY", value],
        ["KEEP_WEEKLY", "0"],
        ["KEEP_MONTHLY", "0"],
      ],
      remark: "days that have a set count, not the age: when backups stop, nothing is removed",
    }),
    SEARCH_DEPTH: dropped("sets are known by their manifests"),
  };
}

function readMethod(value: string): Fate {
  if (value === "bzip2") {
    return { fate: "changed", settings: [["COMPRESSION", "zstd"]], remark: "there is no bzip2 any more" };
  }
  return to("renamed", "COMPRESSION", value === "none" ? "zstd takes less time than a disk" : "")(value);
}

/** bzip2 becomes zstd, whose levels mean something else. */
function readLevel(value: string, method: string | undefined): Fate {
  if (method === undefined || method === "none") return dropped("nothing was compressed")(value);
  if (method === "bzip2") return dropped("a level of bzip2")(value);
  const most = method === "zstd" ? 19 : 9;
  if (/^\d+$/.test(value) && Number(value) <= most) return to("same", "COMPRESSION_LEVEL")(value);
  return {
    fate: "changed",
    settings: [["COMPRESSION_LEVEL", String(most)]],
    remark: `${most} is the highest`,
  };
}

function readHooks(value: string): Fate {
  if (value === "") return dropped("empty")(value);
  const relative = value.split("\n").filter((hook) => !hook.startsWith("/"));
  if (relative.length > 0) {
    return dropped(`look at this: "${relative[0]}" is no absolute path; set POST_RESTART_HOOKS by hand`)(
      value,
    );
  }
  return to("same", "POST_RESTART_HOOKS", "after runs by hand too")(value);
}
