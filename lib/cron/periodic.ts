/** Scripts in /etc/cron.daily and its like, with whatever starts them there: a line of /etc/crontab, or anacron. */
import { dirname } from "node:path";
import { recogniseBackup, recogniseScript } from "#lib/core/backup-command.ts";
import { isCronName, parseAnacrontab, parseCrontab } from "#lib/core/crontab.ts";
import type { ScheduleEntry, Timing } from "#lib/core/schedule-entry.ts";
import type { Finder, Search } from "#lib/cron/finder.ts";
import type { ReadFile } from "#lib/cron/machine.ts";

const directories = ["hourly", "daily", "weekly", "monthly", "yearly"].map((period) => `/etc/cron.${period}`);
const crontab = "/etc/crontab";
const anacrontab = "/etc/anacrontab";
const anacron = "/usr/sbin/anacron";
const executable = 0o111;
const dayMs = 86_400_000;

interface Starter {
  readonly timing: Timing;
  readonly when: string;
}

export const periodicScripts: Finder = {
  places: [
    ...[crontab, anacrontab, anacron].map((path) => ({ path, depth: 0 }) as const),
    ...directories.map((path) => ({ path, depth: 1 }) as const),
  ],
  find: async (search) => {
    const [scripts, starterOf] = await Promise.all([
      search.read(directories.flatMap((directory) => search.look.list(directory))),
      readStarters(search),
    ]);
    return scripts.flatMap((file) => {
      const directory = dirname(file.path);
      return describeScript(file, starterOf(directory), directory);
    });
  },
};

export const anacronLines: Finder = {
  places: [anacrontab, anacron].map((path) => ({ path, depth: 0 })),
  find: async (search) => {
    const text = await readOne(search, anacrontab);
    const isThere = search.look.file(anacron) !== undefined;
    return parseAnacrontab(text).flatMap(({ line, period, command }): readonly ScheduleEntry[] => {
      const backup = recogniseBackup(command);
      if (backup === undefined) return [];
      const timing = intervalOf(period);
      const when = timing.text;
      return [
        {
          ...{ source: "anacron", file: anacrontab, line, user: "root", when, command, backup },
          timings: [timing],
          flaw: isThere ? undefined : "anacron is not installed",
        },
      ];
    });
  },
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
async function readStarters(search: Search): Promise<(directory: string) => Starter | undefined> {
  const isAnacron = search.look.file(anacron) !== undefined;
  const [ofAnacron, ofCron] = await Promise.all([anacrontab, crontab].map((path) => readOne(search, path)));
  const periods = isAnacron ? parseAnacrontab(ofAnacron ?? "") : [];
  const { lines, flaw } = parseCrontab(ofCron ?? "", true);
  return (directory) => {
    const isNamed = ({ command }: { readonly command: string }) =>
      command.split(/[\s"';&|(){}]+/).includes(directory);
    const byAnacron = periods.find(isNamed);
    if (byAnacron !== undefined) {
      const timing = intervalOf(byAnacron.period);
      return { timing, when: timing.text };
    }
    const line = flaw === undefined ? lines.find(isNamed) : undefined;
    if (line === undefined || (isAnacron && /\banacron\b/.test(line.command))) return undefined;
    const { schedule, when } = line;
    return { timing: schedule.kind === "boot" ? schedule : { kind: "cron", expression: schedule }, when };
  };
}

const daysOf: Readonly<Record<string, number>> = {
  "@daily": 1,
  "@weekly": 7,
  "@monthly": 31,
  "@yearly": 366,
  "@annually": 366,
};

function intervalOf(period: string) {
  const days = daysOf[period] ?? Number(period);
  return { kind: "interval", text: describePeriod(period), periodMs: days * dayMs } as const;
}

function describePeriod(period: string): string {
  return /^\d+$/.test(period)
    ? `every ${period === "1" ? "day" : `${period} days`}, by anacron`
    : `${period}, by anacron`;
}

async function readOne({ look, read }: Pick<Search, "look" | "read">, path: string): Promise<string> {
  const file = look.file(path);
  return file === undefined ? "" : ((await read([file]))[0]?.text ?? "");
}
