/** What the machine says now, asked once for all jobs: few children however many jobs there are. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { CheckContext, CheckedJob } from "#lib/core/health.ts";
import type { Finding } from "#lib/core/report.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { judgeSchedule, type ScheduleJudgement } from "#lib/core/schedule-judgement.ts";
import { findEntries } from "#lib/cron/find-entries.ts";
import { readTimeZone } from "#lib/cron/time-zone.ts";
import { askPaths, askSpaces, type PathFact } from "#lib/health/ask-paths.ts";
import { askStacks, type StacksReading } from "#lib/health/ask-stacks.ts";
import { askStores, type StoreAnswer } from "#lib/health/ask-stores.ts";
import { destinationsOf } from "#lib/health/destinations.ts";
import { mountKey } from "#lib/health/judge-paths.ts";
import { programsOf } from "#lib/health/needed-programs.ts";
import type { Answer, FileSystemAsker, Space } from "#lib/preflight/ask-file-system.ts";
import { checkMount } from "#lib/preflight/check-mount.ts";
import { checkProgram } from "#lib/preflight/check-program.ts";

export interface MachineFacts {
  readonly paths: ReadonlyMap<string, PathFact | { readonly reason: string }>;
  /** Of destinations that answer. */
  readonly space: ReadonlyMap<string, Space>;
  /** By `mountKey`. */
  readonly mounts: ReadonlyMap<string, Finding>;
  readonly programs: ReadonlyMap<string, Finding>;
  /** By STACKS_DIR. */
  readonly stacks: ReadonlyMap<string, StacksReading>;
  /** By configuration and store; empty unless stores are asked. */
  readonly stores: ReadonlyMap<string, StoreAnswer>;
  readonly timeZone: string;
  readonly entries: readonly ScheduleEntry[];
  /** Undefined when nobody but root could tell. */
  readonly schedule: ScheduleJudgement | undefined;
  readonly scheduleProblems: readonly string[];
  /** Names of jobs in the schedule, by configuration. */
  readonly jobNames: ReadonlyMap<string, string>;
  /** Other configurations whose runs are recorded in the same place, by configuration. */
  readonly namesakes: ReadonlyMap<string, readonly string[]>;
}

export type KnownJob = CheckedJob<Settings> & { readonly settings: Settings };

const scheduleTimeoutMs = 15_000;

export async function gatherFacts(
  context: CheckContext<Settings>,
  jobs: readonly KnownJob[],
): Promise<MachineFacts> {
  const { deps, signal } = context;
  const timeoutMs = Math.max(1000, ...jobs.map(({ settings }) => settings.FS_TIMEOUT));
  const asker: FileSystemAsker = { exec: deps.exec, timeoutMs, signal };
  const destinations = jobs.flatMap(({ settings }) => destinationsOf(settings));
  // The schedule comes first: its questions follow one from the other, and the rest is asked meanwhile.
  const [schedule, paths, spaces, mounts, programs, stacks, stores] = await Promise.all([
    askSchedule(context),
    askPaths(asker, jobs.flatMap(pathsOf)),
    askSpaces(asker, destinations),
    askMounts(asker, jobs),
    askPrograms(context, jobs),
    askStacks(context, asker, jobs),
    askStores(context, jobs),
  ]);
  return {
    paths: new Map([...paths].map(([path, answer]) => [path, answer.ok ? answer.value : answer])),
    space: new Map([...spaces].flatMap(([path, answer]) => pairOf(path, answer))),
    mounts,
    programs,
    stacks,
    stores,
    namesakes: findNamesakes(jobs),
    ...schedule,
  };
}

function findNamesakes(jobs: readonly KnownJob[]): MachineFacts["namesakes"] {
  const groups = Map.groupBy(jobs, ({ settings }) => join(settings.STATE_DIR, settings.JOB));
  return new Map(
    [...groups.values()].flatMap((group) =>
      group.map(({ config }) => [
        config,
        group.flatMap((one) => (one.config === config ? [] : [one.config])),
      ]),
    ),
  );
}

function pairOf<Value>(key: string, answer: Answer<Value>): (readonly [string, Value])[] {
  return answer.ok ? [[key, answer.value]] : [];
}

function pathsOf({ settings, record }: KnownJob): readonly string[] {
  const { APP_DIR, STATE_DIR } = settings;
  const set = record?.lastSet;
  return [
    ...destinationsOf(settings),
    STATE_DIR,
    ...(APP_DIR === undefined ? [] : [APP_DIR]),
    ...(set === undefined ? [] : [set]),
  ];
}

async function askMounts(asker: FileSystemAsker, jobs: readonly KnownJob[]) {
  const wanted = jobs.flatMap(({ settings }) => [
    ...settings.REQUIRE_MOUNT,
    ...settings.STORES.flatMap(({ mount }) => mount ?? []),
  ]);
  const unique = new Map(wanted.map((mount) => [mountKey(mount), mount]));
  return new Map(
    await Promise.all(
      [...unique].map(async ([key, mount]) => [key, await checkMount(asker, mount)] as const),
    ),
  );
}

async function askPrograms({ deps, signal }: CheckContext<Settings>, jobs: readonly KnownJob[]) {
  const unique = new Map(
    jobs.flatMap(({ settings }) => programsOf(settings).map((needed) => [needed.program, needed] as const)),
  );
  return new Map(
    await Promise.all(
      [...unique].map(
        async ([program, needed]) => [program, await checkProgram(deps.exec, needed, signal)] as const,
      ),
    ),
  );
}

/** Other users' crontabs are read by root alone: what an ordinary user sees is no whole answer. */
async function askSchedule({ deps, now, isRoot, jobs }: CheckContext<Settings>) {
  const machine = { exec: deps.exec, root: "/", timeoutMs: scheduleTimeoutMs };
  const zone = readTimeZone(machine);
  const scheduled = jobs.map(({ config, settings }) => ({
    name: (config.split("/").at(-1) ?? config).replace(/\.env$/, ""),
    config,
    lockFile: settings?.LOCK_FILE,
  }));
  const jobNames = new Map(scheduled.map(({ config, name }) => [config, name]));
  if (!isRoot)
    return { timeZone: await zone, entries: [], schedule: undefined, scheduleProblems: [], jobNames };
  const asked = zone.then((timeZone) => ({ now, timeZone }));
  const [at, { entries, problems }] = await Promise.all([asked, findEntries(machine, asked)]);
  return {
    timeZone: at.timeZone,
    entries,
    schedule: judgeSchedule(entries, scheduled, at),
    scheduleProblems: problems,
    jobNames,
  };
}
