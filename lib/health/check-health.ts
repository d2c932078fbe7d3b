/** The use case: what is known of each job, judged by every finding. Reports; repairs nothing. */
import type { Settings } from "#lib/config/schema.ts";
import type { CheckContext, CheckedJob, Health, HealthFinding, JobHealth } from "#lib/core/health.ts";
import { placeOf } from "#lib/core/schedule-entry.ts";
import { destinationsOf } from "#lib/health/destinations.ts";
import { gatherFacts, type KnownJob, type MachineFacts } from "#lib/health/gather-facts.ts";
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
  if (settings === undefined || record === undefined) return { name, findings: [configuration], space: {} };
  const view = { name, config, settings, record, facts, now };
  const space = destinationsOf(settings).flatMap((path) => {
    const known = facts.space.get(path);
    return known === undefined
      ? []
      : [[path, { at: now.toISOString(), freeBytes: known.freeBytes }] as const];
  });
  return {
    name,
    findings: [configuration, ...jobFindings.flatMap((judge) => judge(view))],
    space: Object.fromEntries(space),
  };
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
