/** When a copy was last verified, and a restore last tried. */
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import type { Proof } from "#lib/core/job-record.ts";
import { ageMs, formatAgo, type JobView } from "#lib/health/job-view.ts";

const dayMs = 86_400_000;
const usualDays = 35;

export function judgeProofs(view: JobView): readonly HealthFinding[] {
  const { settings, record, config } = view;
  return [
    judgeProof(view, record.verification, {
      name: "verification",
      what: "verification of a copy",
      maxDays: settings.MAX_VERIFICATION_AGE_DAYS,
      command: `restore verify --config '${config}'`,
    }),
    judgeProof(view, record.drill, {
      name: "drill",
      what: "drill of a restore",
      maxDays: settings.MAX_DRILL_AGE_DAYS,
      command: `restore drill --config '${config}'`,
    }),
  ];
}

interface ProofKind {
  readonly name: string;
  readonly what: string;
  readonly maxDays: number | undefined;
  readonly command: string;
}

/** One that was never asked for is no problem; one that has been and does not come any more is. */
function judgeProof(
  { now }: JobView,
  proof: Proof | undefined,
  { name, what, maxDays, command }: ProofKind,
): HealthFinding {
  if (proof === undefined) {
    const severity = maxDays === undefined ? "ok" : "warning";
    return { name, severity, message: `There was no ${what} yet`, hint: `Run ${command}` };
  }
  const limitMs = (maxDays ?? usualDays) * dayMs;
  const age = ageMs(proof.at, now);
  const figure = { value: Math.round(age / 1000), unit: "s", limit: Math.round(limitMs / 1000) } as const;
  if (!proof.isGood) {
    const why = proof.problems[0] ?? "see its report";
    const message = `The last ${what} failed ${formatAgo(proof.at, now)}: ${why}`;
    return { name, severity: "critical", message, figure, hint: `Run ${command}, and trust an older set` };
  }
  const message = `The last ${what} was good ${formatAgo(proof.at, now)}`;
  if (age <= limitMs) return { name, severity: "ok", message, figure };
  const late = `${message}, ${formatDuration(limitMs)} is allowed`;
  return { name, severity: "warning", message: late, figure, hint: `Run ${command}, or have cron do it` };
}
