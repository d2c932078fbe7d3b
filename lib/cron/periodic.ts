/** Scripts in /etc/cron.daily and its like, with whatever starts them there: a line of /etc/crontab, or anacron. */
import { recogniseBackup, recogniseScript } from "#lib/core/backup-command.ts";
import { isCronName, parseAnacrontab, parseCrontab } from "#lib/core/crontab.ts";
import type { ScheduleEntry, Timing } from "#lib/core/schedule-entry.ts";
import type { Finder, Search } from "#lib/cron/finder.ts";
import { describeFile, listDirectory, type ReadFile, readListed } from "#lib/cron/machine.ts";

const periods = ["hourly", "daily", "weekly", "monthly", "yearly"];
const executable = 0o111;

interface Starter {
  readonly timing: Timing;
  readonly when: string;
}

export const findPeriodicScripts: Finder = async (search) => {
  const starterOf = await readStarters(search);
  const found = await Promise.all(
    periods.map(async (period): Promise<readonly ScheduleEntry[]> => {
      const directory = `/etc/cron.${period}`;
      const listed = await listDirectory(search.machine, directory);
      const files = await readListed(search.machine, listed, search.tell);
      return files.flatMap((file) => describeScript(file, starterOf(directory), directory));
    }),
  );
  return found.flat();
};

export const findAnacronLines: Finder = async ({ machine, tell }) => {
  const text = await readOne({ machine, tell }, "/etc/anacrontab");
  const isThere = (await describeFile(machine, "/usr/sbin/anacron")) !== undefined;
  return parseAnacrontab(text).flatMap(({ line, period, command }): readonly ScheduleEntry[] => {
    const backup = recogniseBackup(command);
    if (backup === undefined) return [];
    const when = describePeriod(period);
    return [
      {
        ...{ source: "anacron", file: "/etc/anacrontab", line, user: "root", when, command, backup },
        timings: [{ kind: "interval", text: when }],
        flaw: isThere ? undefined : "anacron is not installed",
      },
    ];
  });
};

function describeScript(
  file: ReadFile,
  starter: Starter | undefined,
  directory: string,
): readonly ScheduleEntry[] {
  const backup = recogniseScript(file.path, file.text);
  if (backup === undefined) return [];
  return [
    {
      ...{ source: "periodic", file: file.path, line: undefined, user: "root", command: file.path, backup },
      when: starter?.when ?? "never",
      timings: starter === undefined ? [] : [starter.timing],
      flaw: flawOfScript(file, starter, directory),
    },
  ];
}

function flawOfScript(file: ReadFile, starter: Starter | undefined, directory: string): string | undefined {
  if (!isCronName(file.name)) return "run-parts ignores names with a dot";
  if ((file.mode & executable) === 0) return "run-parts ignores a file that is not executable";
  return starter === undefined ? `nothing runs ${directory}` : undefined;
}

/** Debian's lines run a directory by cron unless anacron is there, which runs it by a line of its own. */
async function readStarters(
  search: Pick<Search, "machine" | "tell">,
): Promise<(directory: string) => Starter | undefined> {
  const isAnacron = (await describeFile(search.machine, "/usr/sbin/anacron")) !== undefined;
  const anacron = isAnacron ? parseAnacrontab(await readOne(search, "/etc/anacrontab")) : [];
  const { lines, flaw } = parseCrontab(await readOne(search, "/etc/crontab"), true);
  return (directory) => {
    const isNamed = ({ command }: { readonly command: string }) =>
      command.split(/[\s"';&|(){}]+/).includes(directory);
    const byAnacron = anacron.find(isNamed);
    if (byAnacron !== undefined) {
      const when = describePeriod(byAnacron.period);
      return { timing: { kind: "interval", text: when }, when };
    }
    const line = flaw === undefined ? lines.find(isNamed) : undefined;
    if (line === undefined || (isAnacron && /\banacron\b/.test(line.command))) return undefined;
    const { schedule, when } = line;
    return { timing: schedule.kind === "boot" ? schedule : { kind: "cron", expression: schedule }, when };
  };
}

function describePeriod(period: string): string {
  return /^\d+$/.test(period)
    ? `every ${period === "1" ? "day" : `${period} days`}, by anacron`
    : `${period}, by anacron`;
}

async function readOne({ machine, tell }: Pick<Search, "machine" | "tell">, path: string): Promise<string> {
  const file = await describeFile(machine, path);
  return file === undefined ? "" : ((await readListed(machine, [file], tell))[0]?.text ?? "");
}
