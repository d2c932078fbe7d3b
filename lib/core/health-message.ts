/** What a health check tells those who share channels: one message for all of their jobs. */
import { describeProblem, listProblems, type NamedFinding, outcomeOf } from "#lib/core/format-health.ts";
import { type Health, worstOf } from "#lib/core/health.ts";
import type { HealthMemory } from "#lib/core/health-memory.ts";
import { type HealthNews, isComingAndGoing } from "#lib/core/health-news.ts";
import type { Outcome, Severity } from "#lib/core/outcome.ts";

/** A job, or the machine (""), and what there is to tell of it. */
export interface Told {
  readonly job: string;
  readonly before: HealthMemory;
  readonly news: HealthNews;
}

export interface HealthMessage {
  readonly outcome: Outcome;
  readonly tag: string;
  /** How loud it is: good news as loud as the bad that it takes back. */
  readonly severity: Severity;
  /** Names of the jobs in trouble. */
  readonly job: string;
  readonly headline: string;
  readonly hint: string | undefined;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const namesShown = 3;

/** Undefined when there is nothing to tell. */
export function composeHealthMessage(health: Health, told: readonly Told[]): HealthMessage | undefined {
  if (told.every(({ news }) => news.kind === "none")) return undefined;
  const problems = listProblems(health);
  const gone = told.flatMap(({ job, news }) =>
    news.gone.map((name) => (job === "" ? name : `${job}: ${name}`)),
  );
  const notes = gone.map((name) => `In order again: ${name}`);
  const [first] = problems;
  if (first === undefined) {
    const known = told.flatMap(({ before }) => Object.values(before.problems));
    const isAll = told.every(({ news }) => Object.keys(news.memory.problems).length === 0);
    const names = told.flatMap(({ job, news }) => (news.kind === "none" ? [] : [job]));
    return {
      outcome: "complete",
      tag: "RECOVERED",
      severity: worstOf(known),
      job: joinNames(names),
      headline: `${isAll ? "All is in" : "In"} order again: ${gone.join(", ")}`,
      hint: undefined,
      problems: [],
      notes,
    };
  }
  const severity = worstOf(problems);
  const isReminder = told.every(({ news }) => news.kind === "none" || news.kind === "reminder");
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return {
    outcome: outcomeOf(severity),
    tag: severity.toUpperCase(),
    severity,
    job: joinNames(problems.map(({ job }) => job)),
    headline: `${isReminder ? "Still: " : ""}${describeProblem(first)}${more}`,
    hint: first.hint,
    problems: problems.map((problem) => describeWhole(problem, told)),
    notes,
  };
}

function describeWhole(problem: NamedFinding, told: readonly Told[]): string {
  const known = told.find(({ job }) => job === problem.job)?.news.memory.problems[problem.name];
  const often = known !== undefined && isComingAndGoing(known) ? ", it comes and goes" : "";
  const since = known === undefined ? "" : ` since ${known.since}${often}`;
  const hint = problem.hint === undefined ? "" : `. ${problem.hint}`;
  return `${problem.severity.toUpperCase()}${since}: ${describeProblem(problem)}${hint}`;
}

function joinNames(names: readonly string[]): string {
  const unique = [...new Set(names.filter((name) => name !== ""))];
  if (unique.length === 0) return "machine";
  const rest = unique.length - namesShown;
  return `${unique.slice(0, namesShown).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
