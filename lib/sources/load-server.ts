/** What a dump of a whole server needs to get into a server that exists for it alone, the same for every kind. */
import { rowCountsOf, type TableRows } from "#lib/core/row-counts.ts";
import type { DatabaseLoader } from "#lib/sources/load-database.ts";

type Facts = Readonly<Record<string, unknown>>;

/** Fills the server. */
export interface ServerLoader
  extends Pick<DatabaseLoader, "command" | "env" | "inspect" | "rewrite" | "judge"> {
  /** What is in it now, against what the manifest says of it. */
  readonly compare: (facts: Facts) => Promise<ServerComparison>;
}

export interface ServerComparison {
  /** What was counted: "3 databases". */
  readonly counted: readonly string[];
  readonly problems: readonly string[];
}

/** Databases that are recorded and not there. */
export function findMissing(recorded: readonly string[], found: readonly string[]): string[] {
  const there = new Set(found);
  return recorded.filter((name) => !there.has(name)).map((name) => `the database "${name}" is missing`);
}

/** A list of names, if that is what is recorded. */
export function listNames(recorded: unknown): readonly string[] {
  return Array.isArray(recorded) ? recorded.filter((one) => typeof one === "string") : [];
}

/** Facts of each database alone, with the tables of it that were dumped. */
export function splitByDatabase(
  facts: Facts,
  isCompared: (table: TableRows) => boolean,
): ReadonlyMap<string, Facts> {
  const counts = rowCountsOf(facts);
  const tables = (counts?.tables ?? []).filter(isCompared);
  const groups = Map.groupBy(tables, ({ database }) => database);
  return new Map(
    [...groups].flatMap(([database, its]) =>
      database === undefined ? [] : [[database, { rows: { ...counts, tables: its } }] as const],
    ),
  );
}
