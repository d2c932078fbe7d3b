/**
 * Whether a check has something to tell: when a problem is new or has become worse, when one is gone, and once in a while of
 * those that stay. Of one that comes and goes, as a container does that dies a minute after each start, it tells no more than a
 * few times: then it counts as there until it has been away for hours.
 */
import { type HealthFinding, isWorse } from "#lib/core/health.ts";
import type { GoneProblem, HealthMemory, KnownProblem, SpaceSample } from "#lib/core/health-memory.ts";

export interface HealthNews {
  readonly kind: "none" | "changed" | "reminder" | "recovered";
  /** Names of the findings that are gone. */
  readonly gone: readonly string[];
  /** What to remember once somebody has been told, or there was nothing to tell. */
  readonly memory: HealthMemory;
}

/** One that came back so often within the time of a reminder comes and goes. */
const returnsAllowed = 2;
const calmMs = 3 * 3_600_000;

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
  const recent = keepRecent(before.recent, now, remindMs);
  const problems: Record<string, KnownProblem> = {};
  for (const { name, severity } of findings) {
    if (severity === "ok") continue;
    const last = recent[name];
    const returns = last === undefined ? undefined : last.returns + 1;
    const known = before.problems[name] ?? { since: now.toISOString(), returns };
    problems[name] = {
      severity,
      since: known.since,
      ...(known.returns === undefined ? {} : { returns: known.returns }),
    };
  }
  const isReminderDue = Object.keys(problems).length > 0 && isDue(before.toldAt, now, remindMs);
  for (const name of unjudged) {
    const known = before.problems[name];
    if (known !== undefined) problems[name] ??= known;
  }
  const gone: string[] = [];
  for (const [name, known] of Object.entries(before.problems)) {
    if (problems[name] !== undefined) continue;
    const { returns = 0, absentSince = now.toISOString() } = known;
    if (isComingAndGoing(known) && agoMs(absentSince, now) < calmMs)
      problems[name] = { ...known, absentSince };
    else {
      gone.push(name);
      recent[name] = { at: now.toISOString(), returns };
    }
  }
  const kind = chooseKind(before, problems, gone, isReminderDue);
  const { toldAt, recent: _, ...rest } = before;
  const nextToldAt = kind === "none" ? toldAt : now.toISOString();
  const isTold = Object.keys(problems).length > 0 && nextToldAt !== undefined;
  const memory = {
    ...rest,
    problems,
    ...(Object.keys(recent).length === 0 ? {} : { recent }),
    ...(isTold ? { toldAt: nextToldAt } : {}),
  };
  return { kind, gone, memory };
}

export function isComingAndGoing({ returns = 0 }: Pick<KnownProblem, "returns">): boolean {
  return returns >= returnsAllowed;
}

function keepRecent(
  recent: HealthMemory["recent"],
  now: Date,
  remindMs: number,
): Record<string, GoneProblem> {
  return Object.fromEntries(Object.entries(recent ?? {}).filter(([, { at }]) => agoMs(at, now) < remindMs));
}

/** A clock that was set back makes long ago of what is to come. */
function agoMs(at: string, now: Date): number {
  const ago = now.getTime() - Date.parse(at);
  return ago < 0 ? Number.POSITIVE_INFINITY : ago;
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
  return toldAt === undefined || agoMs(toldAt, now) >= remindMs;
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
