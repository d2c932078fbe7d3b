/** What a source is given by a run that has no history, and that nobody listens to. */
import type { SourceAccess } from "#lib/sources/source.ts";

const silent = () => undefined;

export const quietRun: Pick<
  SourceAccess,
  "log" | "runId" | "journal" | "alert" | "earlierFacts" | "stallMs" | "childEnvironment"
> = {
  log: { debug: silent, info: silent, warning: silent, error: silent },
  runId: "run-1",
  stallMs: 10_000,
  childEnvironment: {},
  journal: { record: async () => undefined, forget: async () => undefined },
  alert: silent,
  earlierFacts: [],
};
