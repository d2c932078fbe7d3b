/** What sources that were let go of say in the end: it is awaited together, while others have been read. */
import type { Component } from "#lib/core/manifest.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { ReleasedSource } from "#lib/sources/source.ts";

export interface SettlingSource {
  readonly name: string;
  /** Never rejects. */
  readonly settled: Promise<ReleasedSource>;
}

export interface SettledSources {
  readonly components: readonly Component[];
  readonly parts: readonly PartReport[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Add to what is known of the sources how letting go of them ended. */
export async function settleSources(
  settling: readonly SettlingSource[],
  components: readonly Component[],
  parts: readonly PartReport[],
): Promise<SettledSources> {
  const ends = await Promise.all(settling.map(async ({ name, settled }) => ({ name, ...(await settled) })));
  const endOf = (name: string) => ends.find((end) => end.name === name);
  return {
    components: components.map((component) => {
      const facts = endOf(component.name)?.facts;
      return facts === undefined ? component : { ...component, facts: { ...component.facts, ...facts } };
    }),
    parts: [
      ...parts.map((part) => addWindow(part, endOf(part.name)?.windowSeconds)),
      ...ends.flatMap(({ name, problems }) => describeFailure(name, problems[0])),
    ],
    problems: ends.flatMap(({ problems }) => problems),
    notes: ends.flatMap(({ notes }) => notes),
  };
}

function addWindow(part: PartReport, windowSeconds: number | undefined): PartReport {
  if (part.kind !== "source" || windowSeconds === undefined) return part;
  return { ...part, windowSeconds, message: `${part.message}, stopped for ${windowSeconds.toFixed(1)} s` };
}

/** What was stopped for a source and did not start again is a part of its own: the component may be perfect. */
function describeFailure(name: string, message: string | undefined): PartReport[] {
  return message === undefined ? [] : [{ kind: "restart", name, outcome: "failed", message }];
}
