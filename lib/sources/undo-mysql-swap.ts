/** What a swap of two databases of MySQL or MariaDB left in the middle: all of it as it was. */
import { dropDefinition, hexText, quoteMysqlName, renameTables, swapMark } from "#lib/core/mysql-swap.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import { type MysqlConsole, readCharacterSet } from "#lib/sources/mysql-console.ts";
import { giveAgain } from "#lib/sources/mysql-definitions.ts";
import { describeFound, describeRemoved } from "#lib/sources/replace-database.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

const pollMs = 100;

/** Resolves to notes on what was done. Safe to repeat, and to be ended itself. */
export async function undoMysqlSwap(
  entry: DatabaseSwap,
  console: MysqlConsole,
  access: SourceAccess,
): Promise<readonly string[]> {
  const { target, incoming, aside, wasThere } = entry;
  await endMysqlWork({ database: incoming, word: incoming }, console, access);
  const there = await console.findDatabases([target, incoming, aside]);
  const isThere = (name: string) => there.includes(name);
  const isMarked = async (name: string) =>
    isThere(name) && (await console.listTables(name)).includes(swapMark);
  const hasMoved = await isMarked(aside);
  const hasBegun = hasMoved || (await isMarked(incoming));
  const isReplaced = !hasBegun && isThere(target) && (isThere(aside) || !wasThere);
  if (hasBegun) await putBack(entry, hasMoved, isThere, console);
  const remove = async (name: string) =>
    console.run(`DROP DATABASE ${quoteMysqlName(name)}`, `Cannot drop the database "${name}"`);
  const isEmpty = async (name: string) => isThere(name) && (await console.listTables(name)).length === 0;
  if (!isReplaced || !wasThere) {
    if (await isEmpty(aside)) await remove(aside);
  }
  if (hasBegun && !wasThere && (await isEmpty(target))) await remove(target);
  if (isThere(incoming)) await remove(incoming);
  return [
    describeFound(entry, isReplaced ? "replaced" : hasBegun ? "back" : "untouched"),
    ...(isThere(incoming) && !isReplaced ? [describeRemoved(entry)] : []),
  ];
}

async function putBack(
  { target, incoming, aside, wasThere, definitions }: DatabaseSwap,
  hasMoved: boolean,
  isThere: (name: string) => boolean,
  console: MysqlConsole,
): Promise<void> {
  const problem = `Cannot put back the database "${target}"`;
  // What was not written down was not dropped either.
  if (wasThere && definitions === undefined) throw new TypeError("A swap began without its definitions");
  const drops = [];
  for (const database of [target, aside].filter(isThere)) {
    const found = await console.listDefinitions(database);
    drops.push(...found.map((definition) => dropDefinition(database, definition)));
  }
  const kept = hasMoved ? await console.listTables(aside) : [];
  const moves = [
    { from: target, to: incoming, tables: hasMoved ? await console.listTables(target) : [] },
    { from: aside, to: target, tables: kept.filter((table) => table !== swapMark) },
    { from: aside, to: incoming, tables: hasMoved ? [swapMark] : [] },
  ];
  const rename = hasMoved ? [renameTables(moves)] : [];
  await console.run(["SET SESSION foreign_key_checks = 0", ...drops, ...rename].join(";\n"), problem);
  if (isThere(aside) && isThere(target)) {
    const set = await readCharacterSet(console, aside);
    await console.run(`ALTER DATABASE ${quoteMysqlName(target)} ${set}`, problem);
  }
  if (definitions === undefined) return;
  await console.run(definitions.sql, problem, target);
  await giveAgain(console, target, definitions);
}

/** What a dead run has begun in a database goes on in the server, be it only that it waits for a table. `word` stands in no statement but its own. */
export async function endMysqlWork(
  { database, word }: { readonly database: string; readonly word: string },
  { run, askNames }: MysqlConsole,
  access: SourceAccess,
): Promise<void> {
  const problem = `Cannot end what uses the database "${database}"`;
  const sql =
    "SELECT HEX(CAST(ID AS CHAR)) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() " +
    `AND (DB = ${hexText(database)} OR LOCATE(${hexText(word)}, INFO) > 0)`;
  const deadline = access.clock.monotonicMs() + access.timeoutMs;
  for (;;) {
    const ids = (await askNames(sql, problem)).map(([id]) => id);
    if (ids.length === 0) return;
    if (access.clock.monotonicMs() > deadline) throw new OpsError(problem, { outcome: "failed" });
    for (const id of ids) {
      try {
        await run(`KILL ${id}`, problem);
      } catch (error) {
        // It may have ended by itself; whether it did is asked next.
        if (!(error instanceof OpsError)) throw error;
      }
    }
    await access.clock.sleep(pollMs);
  }
}
