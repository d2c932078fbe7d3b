/** What a command of `schedule` knows of the machine before it does anything. */
import { isAbsolute, normalize } from "node:path";
import { salvageConfig } from "#lib/config/load-config.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { JudgedAt, ScheduledJob } from "#lib/core/schedule-judgement.ts";
import type { Tool } from "#lib/core/tool.ts";
import { type FoundEntries, findEntries } from "#lib/cron/find-entries.ts";
import { inside, listDirectory, type Machine } from "#lib/cron/machine.ts";
import { readTimeZone } from "#lib/cron/time-zone.ts";
import { configPathOf } from "#lib/schedule/schedule-plan.ts";

export interface Survey extends FoundEntries {
  readonly machine: Machine;
  readonly at: JudgedAt;
  readonly jobs: readonly ScheduledJob[];
}

const fileTimeoutMs = 15_000;

/** The machine that `--root` names, or this one. Throws OpsError "usage". */
export function openMachine({ flags, deps }: Tool): Machine {
  const root = flags["root"] ?? "/";
  if (typeof root !== "string" || !isAbsolute(root)) {
    throw new OpsError(`--root ${root} is no absolute path`, { outcome: "usage", hint: "See --help" });
  }
  return { exec: deps.exec, root: normalize(root).replace(/(?<=.)\/$/, ""), timeoutMs: fileTimeoutMs };
}

export async function surveyMachine(tool: Tool): Promise<Survey> {
  const machine = openMachine(tool);
  const asked = askTime(tool, machine);
  const [at, found, { jobs, problems }] = await Promise.all([
    asked,
    findEntries(machine, asked),
    readJobs(tool, machine),
  ]);
  return { machine, at, jobs, entries: found.entries, problems: [...found.problems, ...problems] };
}

async function askTime({ deps }: Tool, machine: Machine): Promise<JudgedAt> {
  const now = deps.clock.now();
  return { now, timeZone: await readTimeZone(machine) };
}

interface FoundJobs {
  readonly jobs: readonly ScheduledJob[];
  readonly problems: readonly string[];
}

/** A configuration that is invalid is a job all the same: it should start, and say so. */
async function readJobs(tool: Tool, machine: Machine): Promise<FoundJobs> {
  const problems: string[] = [];
  let names: readonly string[] = [];
  try {
    const listed = await listDirectory(machine, "/etc/lastgood");
    names = listed.map(({ name }) => name).filter((name) => /^[^.].*\.env$/.test(name));
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    problems.push(describeError(error));
  }
  const jobs = names.toSorted().map(async (file): Promise<ScheduledJob> => {
    const name = file.replace(/\.env$/, "");
    const config = configPathOf(name);
    const salvaged = await salvageConfig(configRequest(tool, inside(machine, config)));
    return { name, config, lockFile: salvaged?.settings.LOCK_FILE };
  });
  return { jobs: await Promise.all(jobs), problems };
}

/** As a run started by cron would load it: without the environment of whoever asks. */
export function configRequest({ caller, deps }: Tool, path: string): Parameters<typeof salvageConfig>[0] {
  const { cwd, uid, home, hostname } = caller;
  return { configFlag: path, env: {}, cwd, uid, home, hostname, deps };
}
