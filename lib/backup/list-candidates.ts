/** What can be backed up, as a person wants to see it before choosing. */
import { createAsker, listDestinations } from "#lib/backup/destinations.ts";
import { findEarlier } from "#lib/backup/earlier-sets.ts";
import type { Preflight } from "#lib/backup/preflight.ts";
import type { Settings } from "#lib/config/schema.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";

export interface Candidate {
  readonly name: string;
  /** Of a stack: whether it runs. */
  readonly state: string;
  /** Before compression: in its last set, or about now. */
  readonly size: string;
  /** How long ago it was backed up. */
  readonly age: string;
  /** What it is expected to need in a set. */
  readonly expectedBytes: number | undefined;
}

/** Those that passed the checks, in the order in which they are read. */
export async function listCandidates(
  context: RunContext<Settings>,
  { sources }: Preflight,
): Promise<readonly Candidate[]> {
  const [first] = listDestinations(context.settings);
  const earlier = await findEarlier(context, first);
  const asker = createAsker(context);
  return Promise.all(
    sources.map(async (source): Promise<Candidate> => {
      const { name } = source;
      const set = earlier.find(({ components }) => components.some((component) => component.name === name));
      const last = set?.components.find((component) => component.name === name);
      const bytes = last?.bytesIn ?? (await source.measure?.(asker));
      const ageMs = set && context.startedAt.getTime() - Date.parse(set.startedAt);
      return {
        name,
        state: (await source.readState?.()) ?? "",
        size: bytes === undefined ? "?" : formatBytes(bytes),
        age: ageMs === undefined ? "never" : `${formatDuration(Math.max(ageMs, 0))} ago`,
        expectedBytes: last?.bytesOut ?? bytes,
      };
    }),
  );
}
