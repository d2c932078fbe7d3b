import type { JobRecord, Proof } from "#lib/core/job-record.ts";
import type { OverviewJob } from "#lib/core/overview.ts";

/** A job without the secrets that a program may have said in what its runs, its verifications and its drills recorded. */
export function maskJob(job: OverviewJob, redact: (text: string) => string): OverviewJob {
  const { problem, record } = job;
  return {
    ...job,
    problem: problem && { ...problem, message: redact(problem.message) },
    record: record && maskRecord(record, redact),
  };
}

function maskRecord(record: JobRecord, redact: (text: string) => string): JobRecord {
  const { history, verification, drill, problems } = record;
  const maskProof = (proof: Proof) => ({ ...proof, problems: proof.problems.map(redact) });
  return {
    ...record,
    history: {
      ...history,
      runs: history.runs.map((run) => ({ ...run, headline: redact(run.headline) })),
    },
    verification: verification && maskProof(verification),
    drill: drill && maskProof(drill),
    problems: problems.map(redact),
  };
}
