/** The use case: one page over all jobs, which a browser shows without asking anybody for anything. */
import type { Overview, OverviewContext, OverviewJob } from "#lib/core/overview.ts";
import type { PastRun } from "#lib/core/run-history.ts";
import { localPlace } from "#lib/core/set-places.ts";
import { type Html, html, trustedHtml } from "#lib/report/html.ts";
import { drawBadge, drawJob } from "#lib/report/job-section.ts";
import { maskJob } from "#lib/report/mask-job.ts";
import { pageStyle } from "#lib/report/page-style.ts";
import { pickBackups } from "#lib/report/pick-series.ts";
import { formatAgo, formatTime, type Look, lookOf } from "#lib/report/words.ts";

/** Nothing may be fetched, and nothing run: not even what a name would smuggle in. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

export function createOverview(context: OverviewContext): Overview {
  const jobs = context.jobs.map((job) => maskJob(job, context.redact));
  const standings = jobs.map((job) => judgeStanding(job, context.now));
  return {
    page: drawPage({ ...context, jobs }, standings),
    lines: standings.map(({ name, outcome, ended, setAge }) => `${name}: ${outcome}${ended}; ${setAge}`),
    badCount: standings.filter(({ look }) => look !== "good").length,
  };
}

/** How a job stands, in a line. */
interface Standing {
  readonly name: string;
  readonly outcome: string;
  readonly look: Look;
  /** ` 3h 20m ago`; empty when it never ran. */
  readonly ended: string;
  readonly setAge: string;
}

function judgeStanding({ name, problem, record }: OverviewJob, now: Date): Standing {
  const at = record?.places[localPlace] ?? record?.lastCompleteAt;
  const setAge = at === undefined ? "no whole set yet" : `last whole set ${formatAgo(at, now)}`;
  const last = lastEnding(record?.history.runs ?? []);
  if (problem !== undefined)
    return { name, outcome: "invalid configuration", look: "bad", ended: "", setAge };
  if (last === undefined) return { name, outcome: "never ran", look: "warning", ended: "", setAge };
  const { outcome, endedAt } = last;
  return { name, outcome, look: lookOf(outcome), ended: ` ${formatAgo(endedAt, now)}`, setAge };
}

/** Of the last backup that did not merely find another at work. */
function lastEnding(runs: readonly PastRun[]): PastRun | undefined {
  return pickBackups(runs).findLast(({ outcome }) => outcome !== "busy");
}

function drawPage({ host, version, now, jobs }: OverviewContext, standings: readonly Standing[]): string {
  const sections = jobs.map((job, index) => drawJob(job, idOf(index), now));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${`Backups of ${host}`}</title>
<style>${trustedHtml(pageStyle)}</style>
</head>
<body>
<h1>${`Backups of ${host}`}</h1>
<p class="quiet-text">${`As of ${formatTime(now.toISOString())}. All times are UTC.`}</p>
${drawSummary(standings)}
${sections}
<footer>${`lastgood ${version}. A diamond is a run that failed, a triangle one that lacks something, both hollow where nothing was left. A line is broken there, and where none ran.`}</footer>
</body>
</html>
`.markup;
}

function drawSummary(standings: readonly Standing[]): Html {
  const rows = standings.map(
    ({ name, outcome, look, ended, setAge }, index) =>
      html`<li><a href="#${idOf(index)}">${name}</a><span>${drawBadge(outcome, look)}${ended}</span><span>${setAge}</span></li>`,
  );
  return html`<ul class="summary">${rows}</ul>`;
}

function idOf(index: number): string {
  return `job-${index + 1}`;
}
