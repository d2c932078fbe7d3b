#!/usr/bin/env bun
/** One page over all jobs: outcomes, sizes, durations, free space, drills. For a browser, or by mail once a week. */
import { createOverview } from "#lib/report/create-overview.ts";
import { runOverview } from "#lib/run/run-overview.ts";

await runOverview({
  name: "report",
  summary: "one HTML page over all jobs, or one: outcomes, sizes, durations, free space, drills",
  examples: [
    ["--output report.html", "the page as a file, for any browser"],
    ["--mail", "the page as an attachment, to EMAIL_TO"],
  ],
  main: createOverview,
});
