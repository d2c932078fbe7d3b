/**
 * Whether a check has something to tell: when a problem is new or has become worse, when one is gone, and once in a while of
 * those that stay.
 */
import { type HealthFinding, isProblem, isWorse } from "#lib/core/health.ts";
import type { HealthMemory, SpaceSample } from "#lib/core/health-memory.ts";

export interface HealthNews {
  readonly kind: "none" | "changed" | "reminder" | "recovered";
  /** Names of the findings that are gone. */
  readonly gone: readonly string[];
  /** What to remember once somebody has been told, or there was nothing to tell. */
  readonly memory: HealthMemory;
}

const samplesKept = 60;
const sampleGapMs = 12 * 3_600_000;

export function planNews(
  memory: HealthMemory,
  findings: readonly HealthFinding[],
  { now, remindMs }: { readonly now: Date; readonly remindMs: number },
): HealthNews {
  const problems: HealthMemory["problems"] = {};
  let isChanged = false;
  for (const { name, severity } of findings.filter(isProblem)) {
    if (severity === "ok") continue;
    const known = problems[name] ?? memory.problems[name];
    isChanged ||= memory.problems[name] === undefined || isWorse(severity, memory.problems[name].severity);
    const worst =
      known !== undefined && name in problems && isWorse(known.severity, severity)
        ? known.severity
        : severity;
    problems[name] = { severity: worst, since: known?.since ?? now.toISOString() };
  }
  const gone = Object.keys(memory.problems).filter((name) => problems[name] === undefined);
  const hasProblems = Object.keys(problems).length > 0;
  const kind = hasProblems
    ? isChanged || gone.length > 0
      ? "changed"
      : isDue(memory.toldAt, now, remindMs)
        ? "reminder"
        : "none"
    : gone.length > 0
      ? "recovered"
      : "none";
  const toldAt = kind === "none" ? memory.toldAt : now.toISOString();
  const { toldAt: _, ...rest } = memory;
  return { kind, gone, memory: { ...rest, problems, ...(hasProblems && toldAt ? { toldAt } : {}) } };
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
