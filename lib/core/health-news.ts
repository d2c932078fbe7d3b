/**
 * Whether a check has something to tell: when a problem is new or has become worse, when one is gone, and once in a while of
 * those that stay.
 */
import { type HealthFinding, isWorse } from "#lib/core/health.ts";
import type { HealthMemory, KnownProblem, SpaceSample } from "#lib/core/health-memory.ts";

export interface HealthNews {
  readonly kind: "none" | "changed" | "reminder" | "recovered";
  /** Names of the findings that are gone. */
  readonly gone: readonly string[];
  /** What to remember once somebody has been told, or there was nothing to tell. */
  readonly memory: HealthMemory;
}

const samplesKept = 60;
const sampleGapMs = 12 * 3_600_000;

interface NewsRequest {
  readonly now: Date;
  readonly remindMs: number;
  /** Problems that could not be looked at: no news of them is no good news. */
  readonly unjudged?: readonly string[] | undefined;
}

export function planNews(
  before: HealthMemory,
  findings: readonly HealthFinding[],
  { now, remindMs, unjudged = [] }: NewsRequest,
): HealthNews {
  const problems: Record<string, KnownProblem> = {};
  for (const { name, severity } of findings) {
    if (severity === "ok") continue;
    const since = before.problems[name]?.since ?? now.toISOString();
    problems[name] = { severity, since };
  }
  const isReminderDue = Object.keys(problems).length > 0 && isDue(before.toldAt, now, remindMs);
  for (const name of unjudged) {
    const known = before.problems[name];
    if (known !== undefined) problems[name] ??= known;
  }
  const gone = Object.keys(before.problems).filter((name) => problems[name] === undefined);
  const kind = chooseKind(before, problems, gone, isReminderDue);
  const { toldAt, ...rest } = before;
  const nextToldAt = kind === "none" ? toldAt : now.toISOString();
  const isTold = Object.keys(problems).length > 0 && nextToldAt !== undefined;
  return { kind, gone, memory: { ...rest, problems, ...(isTold ? { toldAt: nextToldAt } : {}) } };
}

function chooseKind(
  before: HealthMemory,
  problems: HealthMemory["problems"],
  gone: readonly string[],
  isReminderDue: boolean,
): HealthNews["kind"] {
  const names = Object.entries(problems);
  if (names.length === 0) return gone.length > 0 ? "recovered" : "none";
  const isNew = names.some(([name, { severity }]) => {
    const known = before.problems[name];
    return known === undefined || isWorse(severity, known.severity);
  });
  if (isNew || gone.length > 0) return "changed";
  return isReminderDue ? "reminder" : "none";
}

/** A clock that was set back does not keep anybody from being reminded. */
function isDue(toldAt: string | undefined, now: Date, remindMs: number): boolean {
  if (toldAt === undefined) return true;
  const agoMs = now.getTime() - Date.parse(toldAt);
  return agoMs >= remindMs || agoMs < 0;
}

/** The samples with one more, two a day at most; those of what is not a destination any more are dropped. */
export function addSamples(
  known: HealthMemory["space"],
  samples: Readonly<Record<string, SpaceSample>>,
): HealthMemory["space"] {
  return Object.fromEntries(
    Object.entries(samples).map(([path, sample]) => {
      const earlier = (known[path] ?? []).filter(({ at }) => Date.parse(at) <= Date.parse(sample.at));
      const last = earlier.at(-1);
      const isSoon = last !== undefined && Date.parse(sample.at) - Date.parse(last.at) < sampleGapMs;
      return [path, isSoon ? earlier : [...earlier, sample].slice(-samplesKept)];
    }),
  );
}
