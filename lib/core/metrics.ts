/**
 * A run as numbers for Prometheus. Names and help texts are the same in each file of a host: the collector refuses a metric
 * that two files describe differently.
 */
import { type Outcome, outcomeFacts } from "#lib/core/outcome.ts";
import type { PartReport, Report } from "#lib/core/report.ts";

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** `lastCompleteAt`: end of the last complete run of all sources, which a run that is none leaves where it was. */
export function measureReport(report: Report, lastCompleteAt: string | undefined): readonly Metric[] {
  const labels = { job: report.job };
  const metric = (name: string, help: string, value: number): Metric => ({
    name: `lastgood_${name}`,
    help,
    samples: [{ labels, value }],
  });
  const sources = report.parts.filter(({ kind }) => kind === "source");
  const seconds = (text: string) => Math.round(Date.parse(text) / 1000);
  return [
    {
      name: "lastgood_job_info",
      help: "A job that has run at least once, and by what",
      samples: [{ labels: { ...labels, host: report.host, version: report.version }, value: 1 }],
    },
    metric(
      "last_success_timestamp_seconds",
      "End of the last run that was complete; 0: there was none yet",
      lastCompleteAt === undefined ? 0 : seconds(lastCompleteAt),
    ),
    metric("last_run_timestamp_seconds", "End of the last run, however it ended", seconds(report.endedAt)),
    metric("last_run_duration_seconds", "Duration of the last run", report.durationSeconds),
    metric("last_run_exit_code", "Exit code of the last run", report.exitCode),
    metric("last_run_problems", "Problems of the last run", report.problems.length),
    {
      name: "lastgood_last_run_outcome",
      help: "How the last run ended: 1 for that outcome, 0 for the others",
      samples: (Object.keys(outcomeFacts) as Outcome[]).map((outcome) => ({
        labels: { ...labels, outcome },
        value: outcome === report.outcome ? 1 : 0,
      })),
    },
    {
      name: "lastgood_part_complete",
      help: "A source, copy or store of the last run: 1 when it was complete",
      samples: perPart(report, report.parts, ({ outcome }) => (outcome === "complete" ? 1 : 0)),
    },
    {
      name: "lastgood_part_size_bytes",
      help: "What a source of the last run has in the set, compressed",
      samples: perPart(report, sources, ({ bytesOut }) => bytesOut),
    },
    {
      name: "lastgood_part_entries",
      help: "Files and directories of a source of the last run",
      samples: perPart(report, sources, ({ entries }) => entries),
    },
    {
      name: "lastgood_stack_window_seconds",
      help: "How long a stack did not answer for the last run",
      samples: perPart(report, report.parts, ({ windowSeconds }) => windowSeconds),
    },
  ].filter(({ samples }) => samples.length > 0);
}

/** One sample for each part that has the number; a name that comes twice counts once. */
function perPart(
  { job }: Report,
  parts: readonly PartReport[],
  measure: (part: PartReport) => number | undefined,
): readonly Sample[] {
  const samples = new Map<string, Sample>();
  for (const part of parts) {
    const value = measure(part);
    if (value === undefined) continue;
    samples.set(`${part.kind}\n${part.name}`, { labels: { job, kind: part.kind, name: part.name }, value });
  }
  return [...samples.values()];
}
