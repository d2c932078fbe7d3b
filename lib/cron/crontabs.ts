/** Entries of /etc/crontab, /etc/cron.d and the users' crontabs, with what makes cron pass over them. */
import { namesBackup, recogniseBackup } from "#lib/core/backup-command.ts";
import type { CronSchedule } from "#lib/core/cron-expression.ts";
import { isCronName, parseCrontab } from "#lib/core/crontab.ts";
import type { ScheduleEntry, Timing } from "#lib/core/schedule-entry.ts";
import type { Finder } from "#lib/cron/finder.ts";
import type { ReadFile } from "#lib/cron/machine.ts";

export const userCrontabDirectory = "/var/spool/cron/crontabs";
const writableByOthers = 0o022;

export const systemCrontabs: Finder = {
  places: [
    { path: "/etc/crontab", depth: 0 },
    { path: "/etc/cron.d", depth: 1 },
  ],
  find: async ({ look, read, tell }) => {
    const crontab = look.file("/etc/crontab");
    const files = await read([...(crontab === undefined ? [] : [crontab]), ...look.list("/etc/cron.d")]);
    return files.flatMap((file) => {
      const source = file.path === "/etc/crontab" ? "crontab" : "cron.d";
      return readEntries(source, file, flawOfSystemFile(file, source), tell);
    });
  },
};

export const userCrontabs: Finder = {
  places: [{ path: userCrontabDirectory, depth: 1 }],
  find: async ({ look, read, tell }) => {
    const files = await read(look.list(userCrontabDirectory).filter(({ name }) => !name.startsWith(".")));
    return files.flatMap((file) =>
      readEntries("user crontab", file, flawOfUserFile(file), tell).map((entry) => ({
        ...entry,
        user: file.name,
      })),
    );
  },
};

function readEntries(
  source: ScheduleEntry["source"],
  file: ReadFile,
  flawOfFile: string | undefined,
  tell: (problem: string) => void,
): readonly ScheduleEntry[] {
  const { lines, flaw, notes } = parseCrontab(file.text, source !== "user crontab");
  const entries = lines.flatMap(({ line, schedule, when, user, command }): readonly ScheduleEntry[] => {
    const backup = recogniseBackup(command);
    if (backup === undefined) return [];
    const own = isNever(schedule) ? "no date matches" : undefined;
    const found = { source, file: file.path, line, user, when, command, backup };
    return [{ ...found, timings: [timingOf(schedule)], flaw: flawOfFile ?? flaw ?? own }];
  });
  if (entries.length > 0) for (const note of notes) tell(`${file.path} ${note}`);
  else if (flaw !== undefined && namesBackup(file.text)) {
    tell(`${file.path} names a backup, and cron ignores the whole file: ${flaw}`);
  }
  return entries;
}

function timingOf(schedule: CronSchedule): Timing {
  return schedule.kind === "boot" ? { kind: "boot" } : { kind: "cron", expression: schedule };
}

function isNever(schedule: CronSchedule): boolean {
  return schedule.kind === "times" && schedule.isNever;
}

function flawOfSystemFile(file: ReadFile, source: "crontab" | "cron.d"): string | undefined {
  const name = file.path.split("/").at(-1) ?? "";
  if (source === "cron.d" && !isCronName(name)) {
    return name.includes(".")
      ? "cron ignores names with a dot"
      : "cron ignores names of other characters than letters, digits, - and _";
  }
  if (file.uid !== 0 || file.ownerUid !== 0) return "cron ignores a file that is not root's";
  if ((file.mode & writableByOthers) !== 0) return "cron ignores a file that others may write";
  return file.linkCount > 1 ? "cron ignores a file with more than one hard link" : undefined;
}

function flawOfUserFile({ mode, linkCount }: ReadFile): string | undefined {
  if (mode !== 0o600) return "cron ignores a user's crontab whose mode is not 0600";
  return linkCount > 1 ? "cron ignores a file with more than one hard link" : undefined;
}
