/** Rows of every table of a SQLite database. */
import { z } from "zod";
import type { TableRows } from "#lib/core/row-counts.ts";
import { countRows } from "#lib/sources/load-database.ts";

/** Virtual tables have no root page: they need modules that this sqlite3 may lack, and keep their rows in plain ones. */
const namesQuestion = `SELECT json_group_array(name) FROM sqlite_master
  WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite^_%' ESCAPE '^'`;
const nameList = z.array(z.string());

/** `ask` runs a query and gives its lines; what it throws is passed on. */
export async function countSqliteRows(ask: (sql: string) => Promise<string>): Promise<readonly TableRows[]> {
  const names = nameList.parse(JSON.parse(await ask(namesQuestion)));
  const tables = names.map((name) => ({ name, rows: 0 }));
  const from = ({ name }: TableRows) => `"${name.replaceAll('"', '""')}"`;
  const found = await countRows(tables, { from, ask, stallMs: 0 });
  return tables.map((table) => ({ ...table, rows: found.get(table) ?? 0 }));
}
