/** What a server needs to get a dump back, the same for every kind of server. */
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import { compareRows, nameTable, rowCountsOf, type TableRows } from "#lib/core/row-counts.ts";

/** A new database of a server, and the program that fills it. */
export interface DatabaseLoader {
  /** Make it; it must not exist. Throws OpsError "failed" in the server's own words. */
  readonly create: () => Promise<void>;
  /** Reads the dump on its standard input. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** What is wrong with a part of the dump before it is let through; undefined: nothing. */
  readonly inspect: (chunk: Uint8Array) => string | undefined;
  /** What goes on in place of a part of the dump. */
  readonly rewrite?: ((chunk: Uint8Array) => Uint8Array) | undefined;
  /** Events that ran where they were dumped, and do not run here. */
  readonly disabledEvents?: (() => readonly string[]) | undefined;
  /** What its end means. */
  readonly judge: (exitCode: number | null, stderr: string) => LoadEnd;
  /** What is in it now, against what the manifest says of it: problems. */
  readonly compare: (facts: Readonly<Record<string, unknown>>) => Promise<readonly string[]>;
  /** The same for the rows of each table, which takes the server longer. */
  readonly compareRows: (facts: Readonly<Record<string, unknown>>) => Promise<readonly string[]>;
  /** Take it away again, after a failure. */
  readonly drop: () => Promise<void>;
}

export interface LoadEnd {
  readonly outcome: "complete" | "partial" | "failed";
  readonly problems: readonly string[];
  readonly hint?: string | undefined;
}

/** How many tables there should be, if the manifest says it. */
export function compareTables(found: number, facts: Readonly<Record<string, unknown>>): string[] {
  const expected = facts["tables"];
  if (typeof expected !== "number" || expected === found) return [];
  return [`it has ${countNoun(found, "table")}, ${countDone(expected, "dumped")}`];
}

/** How a server is asked for rows. */
export interface RowQuestion {
  /** What stands behind FROM. */
  readonly from: (table: TableRows) => string;
  /** Gives a line for each row, its columns parted by tabs or `|`. */
  readonly ask: (sql: string, timeoutMs: number) => Promise<string>;
  readonly stallMs: number;
}

const tablesPerQuestion = 100;
const slowestRowsPerMs = 20;

/** Have the server count the rows of `tables`, which must exist. */
export async function countRows(
  tables: readonly TableRows[],
  { from, ask, stallMs }: RowQuestion,
): Promise<ReadonlyMap<TableRows, number>> {
  const found = new Map<TableRows, number>();
  for (let first = 0; first < tables.length; first += tablesPerQuestion) {
    const group = tables.slice(first, first + tablesPerQuestion);
    const questions = group.map((table, index) => `SELECT ${index}, COUNT(*) FROM ${from(table)}`);
    const rows = group.reduce((sum, table) => sum + table.rows, 0);
    const answer = await ask(questions.join(" UNION ALL "), stallMs + rows / slowestRowsPerMs);
    for (const line of answer.split("\n")) {
      const [index, counted] = line.split(/[\t|]/);
      const table = group[Number(index)];
      if (table !== undefined) found.set(table, Number(counted));
    }
  }
  return found;
}

/** What lacks rows: of the tables that were dumped with any, those that are there are counted. */
export async function findLostRows(
  facts: Readonly<Record<string, unknown>>,
  isThere: (table: TableRows) => boolean,
  question: RowQuestion,
): Promise<readonly string[]> {
  // A name that is no UTF-8 cannot be asked for.
  const expected = (rowCountsOf(facts)?.tables ?? []).filter((table) => !nameTable(table).includes("\uFFFD"));
  // An empty one may be of an engine that reads from other tables, or from other hosts.
  const filled = expected.filter((table) => table.rows > 0 && isThere(table));
  const found = await countRows(filled, question);
  return compareRows(expected, (table) => (isThere(table) ? (found.get(table) ?? 0) : undefined));
}
