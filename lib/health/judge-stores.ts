/** What the last run, or the store itself when it was asked, said of each store; and how long its certificate lasts. */
import { formatDuration } from "#lib/core/duration.ts";
import type { HealthFinding } from "#lib/core/health.ts";
import type { PastRun } from "#lib/core/run-history.ts";
import type { StoreAnswer } from "#lib/health/ask-stores.ts";
import { ageMs, formatAgo, type JobView } from "#lib/health/job-view.ts";
import { maxAgeMs } from "#lib/health/judge-age.ts";

/** Words of ssh, curl's libraries and rclone for a store that is not who it was. */
const trust = /host key|known_hosts|REMOTE HOST IDENTIFICATION|certificate|x509/i;
/** Authorities renew a month before the end: what is nearer has been forgotten. */
const renewalMs = 14 * 86_400_000;

export function judgeStores(view: JobView): readonly HealthFinding[] {
  return view.settings.STORES.flatMap(({ name: store }) => [
    judgeStore(view, store),
    ...judgeCertificate(view, store),
  ]);
}

function judgeStore(view: JobView, store: string): HealthFinding {
  const name = `store ${store}`;
  const asked = view.facts.stores.get(`${view.config}\0${store}`);
  if (asked !== undefined) return judgeAnswer(name, asked, view);
  const last = findLastPart(view.record.history.runs, store);
  if (last === undefined) return { name, severity: "ok", message: `No run has used store ${store} yet` };
  const ago = formatAgo(last.run.endedAt, view.now);
  const problem =
    last.part.outcome === "complete" ? undefined : `${last.part.message ?? last.part.outcome} (${ago})`;
  return judgeWords(name, problem, `Store ${store} was in order ${ago}`);
}

/** What is recorded of its copies cannot know that somebody removed them. */
function judgeAnswer(
  name: string,
  { problem, message, newestAt }: StoreAnswer,
  view: JobView,
): HealthFinding {
  const limitMs = maxAgeMs(view);
  const isOld = newestAt !== undefined && ageMs(newestAt, view.now) > limitMs;
  if (!isOld) return judgeWords(name, problem, message);
  const hint = "Was a newer one removed there? The next run sends another; restore list shows what is where";
  return { name, severity: "warning", message: `${message}; ${formatDuration(limitMs)} is allowed`, hint };
}

function judgeWords(name: string, problem: string | undefined, good: string): HealthFinding {
  if (problem === undefined) return { name, severity: "ok", message: good };
  const hint = trust.test(problem)
    ? "The store does not show the key or certificate that it should: compare it with the store's own before it is trusted anew"
    : "See whether it can be reached; health-check --deep asks it again";
  return { name, severity: trust.test(problem) ? "critical" : "warning", message: problem, hint };
}

/** As the last run saw it; a store whose certificate has ended already is told of by that run. */
function judgeCertificate({ record, now }: JobView, store: string): readonly HealthFinding[] {
  const until = findLastPart(record.history.runs, store)?.part.certificateUntil;
  if (until === undefined) return [];
  const name = `certificate ${store}`;
  const message = `The certificate of store ${store} ends on ${until.slice(0, 10)}`;
  if (Date.parse(until) - now.getTime() > renewalMs) return [{ name, severity: "ok", message }];
  return [{ name, severity: "warning", message, hint: "Renew it there: after that day no set gets in" }];
}

function findLastPart(runs: readonly PastRun[], store: string) {
  for (const run of runs.toReversed()) {
    const part = run.parts.find(({ kind, name }) => kind === "store" && name === store);
    if (part !== undefined) return { run, part };
  }
  return undefined;
}
