import type { Metric } from "#lib/core/metrics.ts";

/** Metrics in Prometheus' text format, without time stamps, which its collector of files refuses. */
export async function formatPrometheusText(metrics: readonly Metric[]): Promise<string> {
  // Few runs write metrics, and loading this takes as long as all else that a check loads.
  const { Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  for (const { name, help, samples } of metrics) {
    const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))];
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
    for (const { labels, value } of samples) gauge.set(labels, value);
  }
  return registry.metrics();
}
