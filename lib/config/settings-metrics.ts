import { optional } from "#lib/config/entry.ts";
import { path } from "#lib/config/parsers.ts";

export const metricsSettings = {
  METRICS_DIR: optional(path, {
    doc: "Directory of node_exporter's textfile collector, which gets `lastgood-JOB.prom` after every run; unset: no metrics",
    aliases: ["PROMETHEUS_TEXTFILE_DIR"],
  }),
};
