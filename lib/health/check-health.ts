/** The use case: what is known of each job, judged by every finding. Reports; repairs nothing. */
import type { Settings } from "#lib/config/schema.ts";
import type { CheckContext, CheckedJob, Health, HealthFinding, JobHealth } from "#lib/core/health.ts";
import { destinationsOf } from "#lib/health/destinations.ts";
import { gatherFacts, type KnownJob, type MachineFacts } from "#lib/health/gather-facts.ts";
import { judgeMachine } from "#lib/health/judge-machine.ts";
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
    machine: context.isWholeMachine ? judgeMachine(context.jobs, facts) : [],
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
