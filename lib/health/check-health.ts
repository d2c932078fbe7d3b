/** The use case: what is known of each job, judged by every finding. Reports; repairs nothing. */
import type { Settings } from "#lib/config/schema.ts";
import type { CheckContext, CheckedJob, Health, HealthFinding, JobHealth } from "#lib/core/health.ts";
import { placeOf } from "#lib/core/schedule-entry.ts";
import { destinationsOf } from "#lib/health/destinations.ts";
import { gatherFacts, type KnownJob, type MachineFacts } from "#lib/health/gather-facts.ts";
import { recoveryFinding } from "#lib/health/judge-runs.ts";
import { spaceFinding } from "#lib/health/judge-space.ts";
import { stacksFinding } from "#lib/health/judge-stacks.ts";
import { uploadsFinding } from "#lib/health/judge-waiting.ts";
import { jobFindings } from "#lib/health/registry.ts";

export async function checkHealth(context: CheckContext<Settings>): Promise<Health> {
  const known = context.jobs.filter(isKnown);
  const facts = await gatherFacts(context, known);
  return {
    jobs: context.jobs.map((job) => judgeJob(context, job, facts)),
    machine: context.isWholeMachine ? judgeMachine(context, facts) : [],
  };
}

function isKnown(job: CheckedJob<Settings>): job is KnownJob {
  return job.settings !== undefined;
}

function judgeJob(
  { now }: CheckContext<Settings>,
  job: CheckedJob<Settings>,
  facts: MachineFacts,
): JobHealth {
  const { name, config, settings, record } = job;
  const configuration = judgeConfiguration(job);
  const known = Object.keys(record?.memory.problems ?? {});
  if (settings === undefined || record === undefined) {
    return { name, findings: [configuration], unjudged: known, space: {} };
  }
  const view = { name, config, settings, record, facts, now };
  const findings = [configuration, ...jobFindings.flatMap((judge) => judge(view))];
  const space = destinationsOf(settings).flatMap((path) => {
    const found = facts.space.get(path);
    return found === undefined
      ? []
      : [[path, { at: now.toISOString(), freeBytes: found.freeBytes }] as const];
  });
  return {
    name,
    findings,
    unjudged: known.filter((one) => isAsked(one, settings) && !findings.some((found) => found.name === one)),
    space: Object.fromEntries(space),
  };
}

/** What is judged at most checks: not while docker or a disk does not answer, nor what a run that is under way changes. */
function isAsked(name: string, settings: Settings): boolean {
  const names = [
    recoveryFinding,
    ...(settings.STACKS_DIR === undefined ? [] : [stacksFinding]),
    ...destinationsOf(settings).map(spaceFinding),
    ...settings.STORES.map((store) => uploadsFinding(store.name)),
  ];
  return names.includes(name);
}

function judgeConfiguration({ config, problem }: CheckedJob<Settings>): HealthFinding {
  const name = "configuration";
  if (problem === undefined) return { name, severity: "ok", message: `${config} is valid` };
  const about = problem.isDenied ? "configuration permissions" : name;
  return { name: about, severity: "critical", message: problem.message, hint: problem.hint };
}

/** No job at all is what a machine looks like of which somebody believes that it is backed up. */
function judgeMachine({ jobs }: CheckContext<Settings>, facts: MachineFacts): readonly HealthFinding[] {
  const ignored = facts.schedule?.ignored ?? [];
  const schedule: readonly HealthFinding[] = [
    ...ignored.map((entry) => ({
      name: `ignored entry ${placeOf(entry)}`,
      severity: "warning" as const,
      message: `${placeOf(entry)} never starts: ${entry.flaw}`,
      hint: "See schedule show",
    })),
    ...facts.scheduleProblems.map((message) => ({
      name: `schedule: ${message}`,
      severity: "warning" as const,
      message,
    })),
  ];
  if (jobs.length > 0) return schedule;
  const hint = "Make a configuration: backup-run --print-config > /etc/lastgood/backup.env";
  return [
    { name: "jobs", severity: "critical", message: "There is no job on this machine", hint },
    ...schedule,
  ];
}
