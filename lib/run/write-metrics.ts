import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { measureReport } from "#lib/core/metrics.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Report } from "#lib/core/report.ts";
import type { Session } from "#lib/run/session.ts";
import { readLastCompleteAt } from "#lib/run/status.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";
import { formatPrometheusText } from "#lib/tools/prometheus-text.ts";

/**
 * Replace the job's file in METRICS_DIR, where Prometheus' collector reads what ends in `.prom`. A busy lock is the other
 * run's business, and what cannot be written is told and changes no outcome.
 */
export async function writeMetrics(session: Session, settings: Settings, report: Report): Promise<void> {
  const { METRICS_DIR, JOB, FS_TIMEOUT } = settings;
  if (METRICS_DIR === undefined || report.outcome === "busy") return;
  const path = join(METRICS_DIR, `lastgood-${JOB}.prom`);
  try {
    const text = await formatPrometheusText(measureReport(report, await readLastCompleteAt(settings)));
    await withDeadline(writeFileDurably(path, text, { mode: 0o644 }), FS_TIMEOUT, `write "${path}"`);
  } catch (error) {
    session.log.error("metrics.unwritten", `Cannot write the metrics: ${describeError(error)}`);
  }
}
