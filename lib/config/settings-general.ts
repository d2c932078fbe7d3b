/** Who runs, where it keeps its own files, and for how long it may run. */
import { posix } from "node:path";
import { duration, list, matching, timeZone, wholeNumber } from "#lib/config/readers.ts";
import { path } from "#lib/config/readers-paths.ts";
import { type DefaultContext, setting } from "#lib/config/setting.ts";

const nameForm = "1 to 64 small letters, digits, dots, dashes or underscores, with a letter or digit first";
const name = matching(/^[a-z0-9][a-z0-9._-]{0,63}$/, nameForm);

function stateHome({ env, home }: DefaultContext): string {
  const given = env["XDG_STATE_HOME"];
  return given?.startsWith("/") === true ? given : posix.join(home, ".local", "state");
}

/** Root's own places are those of the bash scripts, so that both exclude each other during a migration. */
function lockFile(context: DefaultContext): string {
  const job = context.valueOf("JOB") ?? context.job;
  if (context.isRoot) {
    return job === "backup" ? "/var/lock/backup-run.lock" : `/var/lock/lastgood-${job}.lock`;
  }
  const runtime = context.env["XDG_RUNTIME_DIR"];
  if (runtime?.startsWith("/") === true) return posix.join(runtime, `lastgood-${job}.lock`);
  return posix.join(context.valueOf("STATE_DIR") ?? stateHome(context), `${job}.lock`);
}

export const generalSettings = {
  JOB: setting({
    doc: "Name of the job: in paths of sets, in messages, and of its state.",
    read: name,
    default: { doc: "the file's name without `.env`", text: ({ job }) => job },
  }),
  HOST_NAME: setting({
    doc: "Name of this host: in paths of sets and in messages.",
    read: name,
    default: {
      doc: "the host's name up to its first dot, in small letters",
      text: ({ hostname }) => hostname.split(".")[0]?.toLowerCase() ?? "",
    },
  }),
  HOST_FORMER_IDS: setting({
    doc: "Machine ids (`/etc/machine-id`) of earlier installations of this host whose sets it may prune, one per line.",
    read: list(matching(/^[0-9a-f]{32}$/, "machine ids of 32 hexadecimal digits")),
    default: "",
  }),
  STATE_DIR: setting({
    doc: "Directory of journals, of the outbox and of the time of the last success.",
    read: path,
    default: {
      doc: "`/var/lib/lastgood`; for other users than root `$XDG_STATE_HOME/lastgood`",
      text: (context) =>
        context.isRoot ? "/var/lib/lastgood" : posix.join(stateHome(context), "lastgood"),
    },
  }),
  LOG_FILE: setting({
    doc: "Log file; it is opened anew by each run.",
    read: path,
    default: {
      doc: "`/var/log/backup-run.log`; for other users than root `$XDG_STATE_HOME/lastgood/backup-run.log`",
      text: (context) =>
        context.isRoot
          ? "/var/log/backup-run.log"
          : posix.join(stateHome(context), "lastgood", "backup-run.log"),
    },
  }),
  TIME_ZONE: setting({
    doc: "Time zone of the local times in paths, and of the days, weeks, months and years that retention counts.",
    read: timeZone,
    default: { doc: "the system's", text: (context) => context.timeZone },
  }),
  LOCK_FILE: setting({
    doc: "File that a run locks, by the kernel, against every other run that locks it.",
    read: path,
    default: {
      doc: "`/var/lock/backup-run.lock` for the job `backup`, else `/var/lock/lastgood-JOB.lock`; for other users than root `$XDG_RUNTIME_DIR/lastgood-JOB.lock`",
      text: lockFile,
    },
  }),
  LOCK_WAIT: setting({
    doc: "How long to wait for a run that holds the lock.",
    read: duration(0),
    default: "0s",
  }),
  LOCK_BUSY_EXIT: setting({
    doc: "Exit code of a run that found the lock held; 0 keeps cron silent.",
    read: wholeNumber(0, 255),
    default: "75",
  }),
  RUN_TIMEOUT: setting({
    doc: "A run that takes longer is ended and reported as failed.",
    read: duration(1000),
    default: "12h",
  }),
  STALL_TIMEOUT: setting({
    doc: "A run whose archive has not grown for so long is ended and reported as failed.",
    read: duration(1000),
    default: "15m",
  }),
};
