import type { Settings } from "#lib/config/schema.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { suggest } from "#lib/core/suggest.ts";
import { createSources } from "#lib/sources/registry.ts";
import type { Source } from "#lib/sources/source.ts";

/** The sources of a job, or those of them that were chosen for this run. Throws OpsError "usage" for a name that is none. */
export async function findSources(context: RunContext<Settings>): Promise<readonly Source[]> {
  const { settings, deps, signal, host, selection } = context;
  const sources = await createSources(settings, {
    exec: deps.exec,
    clock: deps.clock,
    signal,
    timeoutMs: settings.FS_TIMEOUT,
    hostName: host.name,
  });
  if (selection === undefined) return sources;
  const names = sources.map(({ name }) => name);
  const unknown = selection.filter((name) => !names.includes(name));
  const [first] = unknown;
  if (first === undefined) return sources.filter(({ name }) => selection.includes(name));
  const near = suggest(first, names);
  throw new OpsError(`There is no source "${first}" in this job`, {
    outcome: "usage",
    hint: near === undefined ? `It has ${names.join(", ")}` : `Did you mean "${near}"?`,
    problems: unknown.map((name) => `There is no source "${name}" in this job`),
  });
}
