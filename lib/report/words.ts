/** How the page says times and endings. */
import { formatDuration } from "#lib/core/duration.ts";
import { type Outcome, outcomeFacts, severityOf } from "#lib/core/outcome.ts";

/** How an ending looks: a colour, and a mark for those who do not see it. */
export type Look = "good" | "warning" | "bad" | "quiet";

export const lookMarks: Readonly<Record<Look, string>> = { good: "✓", warning: "!", bad: "✗", quiet: "–" };

/** An outcome of a newer version, and one that is the other run's business, are neither good nor bad. */
export function lookOf(outcome: string): Look {
  const severity = isOutcome(outcome) ? severityOf(outcome) : undefined;
  if (severity === undefined) return "quiet";
  if (severity === "ok") return "good";
  return severity === "warning" ? "warning" : "bad";
}

function isOutcome(text: string): text is Outcome {
  return Object.hasOwn(outcomeFacts, text);
}

/** `2026-11-21 03:05`, UTC as everything on the page. */
export function formatTime(at: string): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

/** `3h 20m ago`; never in the future. */
export function formatAgo(at: string, now: Date): string {
  return `${formatDuration(Math.max(0, now.getTime() - Date.parse(at)))} ago`;
}
