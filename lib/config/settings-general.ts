import { join } from "node:path";
import { type SettingContext, withDefault } from "#lib/config/entry.ts";
import { duration, integer, machineIds, path, timeZone, word } from "#lib/config/parsers.ts";
import { shortHostName } from "#lib/core/host-name.ts";

const name = word(
  /^[a-z0-9][a-z0-9._-]{0,63}$/,
  "1 to 64 small letters, digits, dots, dashes or underscores, a letter or digit first",
);

/** Asked once: a check loads the configurations of all jobs. */
const machineZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

export const generalSettings = {
  JOB: withDefault(name, (context) => context.job, {
    doc: "Name of the job: in the paths of its sets, in messages, in the state directory",
    defaultNote: "the file's name without `.env`",
  }),
  HOST_NAME: withDefault(name, ({ hostname }) => shortHostName(hostname), {
    doc: "Name of this host: in the paths of its sets and in messages",
    defaultNote: "the host's name up to the first dot, in small letters",
  }),
  HOST_FORMER_IDS: withDefault(machineIds, "", {
    doc: "Ids of earlier installations or hardware whose sets this host may prune, as a note of the run names them, one a line",
  }),
  STATE_DIR: withDefault(path, stateDirectory, {
    doc: "Directory of journals, outbox and status",
    defaultNote: "`/var/lib/lastgood`, or `$XDG_STATE_HOME/lastgood` without root",
  }),
  RUNTIME_DIR: withDefault(path, runtimeDirectory, {
    doc: "Directory for what lives no longer than a run, such as files with credentials; best in memory",
    defaultNote: "`/run/lastgood`, or `$XDG_RUNTIME_DIR/lastgood` (else `STATE_DIR/run`) without root",
  }),
  LOG_FILE: withDefault(
    path,
    (context) =>
      context.isRoot ? "/var/log/backup-run.log" : join(context.xdg.state, "lastgood", "backup-run.log"),
    {
      doc: "Log file, opened anew by each run",
      defaultNote: "`/var/log/backup-run.log`, or `$XDG_STATE_HOME/lastgood/backup-run.log` without root",
    },
  ),
  TIME_ZONE: withDefault(timeZone, machineZone, {
    doc: "Zone of the local times in paths, and of the days, weeks, months and years that retention counts",
    defaultNote: "the system's",
  }),
  LOCK_FILE: withDefault(path, lockFile, {
    doc: "File that a run locks against every other program that locks it",
    defaultNote:
      "`/var/lock/backup-run.lock` for the job `backup`, else `/var/lock/lastgood-JOB.lock`; without root `$XDG_RUNTIME_DIR/lastgood-JOB.lock`",
  }),
  LOCK_WAIT: withDefault(duration(0), "0s", { doc: "How long to wait for a run that holds the lock" }),
  LOCK_BUSY_EXIT: withDefault(integer(0, 255), "75", {
    doc: "Exit code of a run that finds the lock held; 0 keeps cron silent, `predeploy-backup` refuses 0 and 1",
  }),
  RUN_TIMEOUT: withDefault(duration(1000), "12h", {
    doc: "A run that takes longer is ended, and has failed",
  }),
  STALL_TIMEOUT: withDefault(duration(1000), "15m", {
    doc: "A run whose archive does not grow for so long is ended, and has failed",
  }),
};

function stateDirectory({ isRoot, xdg }: SettingContext): string {
  return isRoot ? "/var/lib/lastgood" : join(xdg.state, "lastgood");
}

function runtimeDirectory(
  context: SettingContext,
  given: Readonly<Record<string, string | undefined>>,
): string {
  if (context.isRoot) return "/run/lastgood";
  const { runtime } = context.xdg;
  return runtime === undefined
    ? join(given["STATE_DIR"] ?? stateDirectory(context), "run")
    : join(runtime, "lastgood");
}

/** Root's lock for the job "backup" is the one of the bash scripts, so that both exclude each other. */
function lockFile(context: SettingContext, given: Readonly<Record<string, string | undefined>>): string {
  const job = given["JOB"] ?? context.job;
  if (context.isRoot) {
    return job === "backup" ? "/var/lock/backup-run.lock" : `/var/lock/lastgood-${job}.lock`;
  }
  const { runtime } = context.xdg;
  if (runtime !== undefined) return join(runtime, `lastgood-${job}.lock`);
  return join(given["STATE_DIR"] ?? stateDirectory(context), `${job}.lock`);
}
