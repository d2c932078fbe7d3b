/** Whether a restored SQLite database is whole, in SQLite's own words and against what was counted when it was dumped. */
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { compareRows, rowCountsOf } from "#lib/core/row-counts.ts";
import { ask } from "#lib/preflight/ask-file-system.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { askerOf } from "#lib/restore/target-directory.ts";
import { countSqliteRows } from "#lib/sources/sqlite-rows.ts";

const question =
  "PRAGMA integrity_check(5); SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^'";

export interface ExaminedDatabase {
  readonly tables: number;
  readonly problems: readonly string[];
}

/** Opens it without writing. Throws OpsError "failed" when rows cannot be counted. */
export async function examineSqlite(
  context: RestoreContext,
  path: string,
  { facts }: Component,
): Promise<ExaminedDatabase> {
  const asker = { ...askerOf(context), timeoutMs: limitsOf(context).stallMs };
  // Immutable: no log of its own comes into being beside it.
  const uri = `file:${path.split("/").map(encodeURIComponent).join("/")}?immutable=1`;
  const sqlite = ["sqlite3", "-batch", "-bail", "-init", "/dev/null", "-readonly", uri] as const;
  const answer = await ask(asker, [...sqlite, question]);
  const askOrRefuse = async (sql: string) => {
    const asked = await ask(asker, [...sqlite, sql]);
    if (asked.ok) return asked.value;
    throw new OpsError(`Cannot count the rows: ${asked.reason}`, { outcome: "failed" });
  };
  const lines = answer.ok ? answer.value.split("\n") : [];
  const [said = answer.ok ? "" : answer.reason, tables] = lines;
  const expected = facts?.["tables"];
  const isCounted = typeof expected !== "number" || Number(tables) === expected;
  const dumped = said === "ok" ? (rowCountsOf(facts)?.tables ?? []) : [];
  const found = dumped.length === 0 ? [] : await countSqliteRows(askOrRefuse);
  const rows = new Map(found.map((table) => [table.name, table.rows]));
  return {
    tables: Number(tables ?? 0),
    problems: [
      ...compareRows(dumped, ({ name }) => rows.get(name)),
      ...(said === "ok" ? [] : [`PRAGMA integrity_check: ${said}`]),
      ...(said !== "ok" || isCounted
        ? []
        : [`it has ${countNoun(Number(tables), "table")}, ${countDone(Number(expected), "dumped")}`]),
    ],
  };
}
