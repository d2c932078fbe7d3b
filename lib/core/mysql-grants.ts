/**
 * What a user of MySQL may see, by the answer to SHOW GRANTS. Pure.
 *
 * A server hides what its user may not see, and a dump program that is not shown a table, a trigger or a routine ends with
 * exit 0 and its trailer. No look at the dump can find that: it has to be known beforehand.
 */
import { isSince, type MysqlVersion } from "#lib/core/mysql-version.ts";

export interface MysqlGrant {
  readonly privileges: ReadonlySet<string>;
  /** `undefined`: every database. As granted, where `%` and `_` stand for others. */
  readonly schema: string | undefined;
  /** `undefined`: everything in it. */
  readonly object: string | undefined;
}

/** Read the lines of `SHOW GRANTS` as a client prints them with `--batch`; active roles are among them. */
export function parseMysqlGrants(text: string): MysqlGrant[] {
  const shape = /^GRANT (.+?) ON (?:\*|[`"](.*?)[`"])\.(?:\*|[`"](.*?)[`"]) TO /;
  return text.split("\n").flatMap((line) => {
    const [isGrant, privileges = "", schema, object] = shape.exec(line.replaceAll("\\\\", "\\")) ?? [];
    if (isGrant === undefined) return [];
    const names = privileges.split(",").map((name) => name.trim());
    return [{ privileges: new Set(names), schema: unquote(schema), object: unquote(object) }];
  });
}

function unquote(identifier: string | undefined): string | undefined {
  return identifier?.replaceAll("``", "`").replaceAll('""', '"');
}

/** Whether any of `wanted` is granted on the whole of `database`, or of every database for `undefined`. */
export function isGranted(
  grants: readonly MysqlGrant[],
  database: string | undefined,
  ...wanted: readonly string[]
): boolean {
  return grants.some(
    ({ privileges, schema, object }) =>
      object === undefined &&
      (schema === undefined || (database !== undefined && isLike(database, schema))) &&
      [...wanted, "ALL PRIVILEGES"].some((name) => privileges.has(name)),
  );
}

/** What the dump of `database`, or of all for `undefined`, may lack without a word, and what to grant against it. */
export function findHidden(
  grants: readonly MysqlGrant[],
  database: string | undefined,
  server: MysqlVersion,
): string[] {
  const place = database === undefined ? "*.*" : `\`${database.replaceAll("`", "``")}\`.*`;
  const isHere = (...wanted: readonly string[]) => isGranted(grants, database, ...wanted);
  const routines = isHere("EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE");
  return [
    ...(isHere("SELECT") ? [] : [`tables that its user may not read: GRANT SELECT ON ${place}`]),
    ...(isHere("TRIGGER") ? [] : [`triggers: GRANT TRIGGER ON ${place}`]),
    ...(routines || seesAllRoutines(grants, server)
      ? []
      : [`functions and procedures: GRANT ${routineGrant(server)}`]),
  ];
}

/**
 * Who may do something else with a routine is shown it, but not its body: no danger, the dump program then ends with an
 * error. Bodies lie in a table that MySQL 8 no longer has.
 */
function seesAllRoutines(grants: readonly MysqlGrant[], server: MysqlVersion): boolean {
  if (hasRoutinePrivilege(server)) return isGranted(grants, undefined, "SELECT", "SHOW_ROUTINE");
  const isTable = ({ schema, object }: MysqlGrant) => schema === "mysql" && object === "proc";
  return (
    isGranted(grants, "mysql", "SELECT") ||
    grants.some((grant) => isTable(grant) && grant.privileges.has("SELECT"))
  );
}

function routineGrant(server: MysqlVersion): string {
  return hasRoutinePrivilege(server) ? "SHOW_ROUTINE ON *.*" : "SELECT ON mysql.proc";
}

function hasRoutinePrivilege(server: MysqlVersion): boolean {
  return !server.isMariadb && isSince(server, 8, 0, 20);
}

/** SQL's LIKE, by which databases are granted. */
function isLike(name: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\\?./gsu, (part) => {
    if (part === "%") return ".*";
    if (part === "_") return ".";
    return part.replace(/^\\(?=.)/su, "").replace(/[\\^$.*+?()[\]{}|]/u, "\\$&");
  });
  return new RegExp(`^${source}$`, "su").test(name);
}
