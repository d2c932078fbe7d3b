/** A health check as numbers for Prometheus. */

import { outcomeOf } from "#lib/core/format-health.ts";
import type { Figure, Health, HealthFinding } from "#lib/core/health.ts";
import type { Metric } from "#lib/core/metrics.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";

const units: Readonly<Record<Figure["unit"], readonly [name: string, help: string]>> = {
  s: ["seconds", "Figure of a check in seconds: how old something is"],
  B: ["bytes", "Figure of a check in bytes: how much is free"],
  c: ["number", "Figure of a check: how many wait, or were in vain"],
};

export function measureHealth(health: Health, checkedAt: Date): readonly Metric[] {
  const samples = (measure: (finding: HealthFinding) => number | undefined) =>
    [{ name: "", findings: health.machine }, ...health.jobs].flatMap(({ name, findings }) =>
      findings.flatMap((finding) => {
        const value = measure(finding);
        return value === undefined ? [] : [{ labels: { job: name, check: finding.name }, value }];
      }),
    );
  return [
    {
      name: "lastgood_health_checked_timestamp_seconds",
      help: "When the health check looked",
      samples: [{ labels: {}, value: Math.round(checkedAt.getTime() / 1000) }],
    },
    {
      name: "lastgood_health_state",
      help: "What a check found: 0 ok, 1 warning, 2 critical, 3 unknown",
      samples: samples(({ severity }) => exitCodeOf(outcomeOf(severity))),
    },
    ...Object.entries(units).map(([unit, [name, help]]) => ({
      name: `lastgood_health_${name}`,
      help,
      samples: samples(({ figure }) => (figure?.unit === unit ? figure.value : undefined)),
    })),
  ].filter((metric) => metric.samples.length > 0);
}
