/** What the page says of one job: how it stands, its runs one by one, its charts. */
import { formatDuration } from "#lib/core/duration.ts";
import type { JobRecord, Proof } from "#lib/core/job-record.ts";
import type { OverviewJob } from "#lib/core/overview.ts";
import type { PastRun } from "#lib/core/run-history.ts";
import { localPlace } from "#lib/core/set-places.ts";
import { formatBytes } from "#lib/core/size.ts";
import { type Html, html } from "#lib/report/html.ts";
import { drawJobCharts } from "#lib/report/job-charts.ts";
import { pickBackups } from "#lib/report/pick-series.ts";
import { formatAgo, formatTime, lookMarks, lookOf } from "#lib/report/words.ts";

const runsListed = 10;

export function drawJob(job: OverviewJob, id: string, now: Date): Html {
  const { name, config, problem, record } = job;
  const invalid =
    problem === undefined
      ? []
      : [html`<p class="problem">${`The configuration ${config} cannot be used: ${problem.message}`}</p>`];
  const known = record === undefined ? [] : drawRecord(record, now);
  return html`<section id="${id}"><h2>${name}</h2>${invalid}${known}</section>\n`;
}

function drawRecord(record: JobRecord, now: Date): readonly Html[] {
  const { history, problems } = record;
  const lost = `${formatCount(history.unreadableCount, "line")} of its history cannot be read`;
  const unread = [...problems, ...(history.unreadableCount === 0 ? [] : [lost])];
  return [
    ...unread.map((text) => html`<p class="problem">${text}</p>`),
    drawStrip(pickBackups(history.runs)),
    drawFacts(record, now),
    html`<div class="charts">${drawJobCharts(record)}</div>`,
    ...drawRuns(history.runs),
  ];
}

function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Every backup as a square, the last one at the end. */
function drawStrip(backups: readonly PastRun[]): Html {
  if (backups.length === 0) return html`<p class="empty">No backup has run yet.</p>`;
  const squares = backups.map(({ endedAt, outcome }) => {
    const look = lookOf(outcome);
    return html`<li class="${look}" title="${`${formatTime(endedAt)} ${outcome}`}">${lookMarks[look]}</li>`;
  });
  return html`<ol class="strip" aria-label="Outcomes of the last backups, oldest first">${squares}</ol>`;
}

function drawFacts(record: JobRecord, now: Date): Html {
  const { places, lastCompleteAt, verification, drill, uploads, outbox } = record;
  const at = places[localPlace] ?? lastCompleteAt;
  const copies = Object.entries(places).filter(([place]) => place !== localPlace);
  const waiting = Object.entries(uploads).filter(([, { count }]) => count > 0);
  const facts: readonly (readonly [term: string, fact: string])[] = [
    ["Last whole set", at === undefined ? "none yet" : formatAgo(at, now)],
    ...copies.map(([place, since]) => [`In ${place.replace(/^copy /, "")}`, formatAgo(since, now)] as const),
    ...waiting.map(([store, { count }]) => [`Waiting for ${store}`, formatCount(count, "set")] as const),
    ["Last verification", describeProof(verification, now)],
    ["Last drill", describeProof(drill, now)],
    ...(outbox.count === 0 ? [] : [["Messages not delivered", String(outbox.count)] as const]),
  ];
  const rows = facts.map(([term, fact]) => html`<div><dt>${term}</dt><dd>${fact}</dd></div>`);
  return html`<dl>${rows}</dl>`;
}

function describeProof(proof: Proof | undefined, now: Date): string {
  if (proof === undefined) return "none yet";
  const ago = formatAgo(proof.at, now);
  return proof.isGood ? `good, ${ago}` : `failed, ${ago}: ${proof.problems[0] ?? "see its report"}`;
}

/** The last runs of every kind, the newest first. */
function drawRuns(runs: readonly PastRun[]): readonly Html[] {
  if (runs.length === 0) return [];
  const rows = runs.slice(-runsListed).toReversed().map(drawRun);
  const head = html`<tr><th>Ended</th><th>Run</th><th>Outcome</th><th>Took</th><th>Set</th><th>What happened</th></tr>`;
  return [
    html`<div class="wide"><table class="runs"><thead>${head}</thead><tbody>${rows}</tbody></table></div>`,
  ];
}

function drawRun(run: PastRun): Html {
  const { endedAt, outcome, headline, hasDied = false } = run;
  return html`<tr><td>${formatTime(endedAt)}</td><td>${describeKind(run)}</td><td>${drawBadge(outcome)}</td><td>${formatDuration(run.durationSeconds * 1000)}</td><td>${describeSize(run)}</td><td class="text">${hasDied ? `It died. ${headline}` : headline}</td></tr>`;
}

function describeKind({ script, selection }: PastRun): string {
  return selection === undefined ? script : `${script} ${selection.join(", ")}`;
}

function describeSize({ parts }: PastRun): string {
  const sizes = parts.flatMap(({ kind, bytesOut }) => (kind === "source" ? (bytesOut ?? []) : []));
  return sizes.length === 0 ? "" : formatBytes(sizes.reduce((sum, bytes) => sum + bytes, 0));
}

/** An ending, or whatever stands in its place. */
export function drawBadge(outcome: string, look = lookOf(outcome)): Html {
  return html`<span class="badge ${look}">${lookMarks[look]} ${outcome}</span>`;
}
