/** Statements that put the tables of one database of MySQL or MariaDB in the place of another's. Pure. */

/** What is in a database beside its tables: it does not move with them. */
export interface MysqlDefinition {
  readonly kind: "TRIGGER" | "VIEW" | "EVENT" | "FUNCTION" | "PROCEDURE" | "PACKAGE" | "PACKAGE BODY";
  readonly name: string;
}

/**
 * A table of ours that moves in the same statement as all others. Where it lies says what has been done: in what comes, nothing has
 * moved; in what is kept, all has; nowhere, nothing was begun or all is at its end.
 */
export const swapMark = "lastgood_swap";

const kinds: readonly string[] = [
  "TRIGGER",
  "VIEW",
  "EVENT",
  "FUNCTION",
  "PROCEDURE",
  "PACKAGE",
  "PACKAGE BODY",
] satisfies readonly MysqlDefinition["kind"][];

export function isDefinitionKind(text: string): text is MysqlDefinition["kind"] {
  return kinds.includes(text);
}

export interface TableMove {
  readonly from: string;
  readonly to: string;
  readonly tables: readonly string[];
}

/** All in one statement, which does everything or nothing. Triggers must be gone before. */
export function renameTables(moves: readonly TableMove[]): string {
  const pairs = moves.flatMap(({ from, to, tables }) =>
    tables.map((table) => `${quoteTable(from, table)} TO ${quoteTable(to, table)}`),
  );
  return `RENAME TABLE ${pairs.join(", ")}`;
}

export function dropDefinition(database: string, { kind, name }: MysqlDefinition): string {
  return `DROP ${kind} IF EXISTS ${quoteTable(database, name)}`;
}

/** One kind of what is in a database, and as whom it runs. */
export interface MysqlDefiner {
  readonly kind: MysqlDefinition["kind"];
  readonly user: string;
  /** Empty for a role. */
  readonly host: string;
}

const probe = "lastgood_probe";

/** Statements that make, and take away, one of each: what the server refuses to make here it would refuse to make again. */
export function tryDefiners(database: string, definers: readonly MysqlDefiner[]): readonly string[] {
  const name = quoteTable(database, probe);
  const make = ({ kind, user, host }: MysqlDefiner): readonly string[] => {
    const create = `CREATE DEFINER = ${quoteAccount(user, host)}`;
    switch (kind) {
      case "VIEW":
        return [`${create} VIEW ${name} AS SELECT 1 AS x`, `DROP VIEW ${name}`];
      case "TRIGGER":
        return [
          `CREATE TABLE ${name} (x INT PRIMARY KEY)`,
          `${create} TRIGGER ${name} BEFORE INSERT ON ${name} FOR EACH ROW SET NEW.x = 1`,
          `DROP TABLE ${name}`,
        ];
      case "EVENT":
        return [
          `${create} EVENT ${name} ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DISABLE DO SET @x = 1`,
          `DROP EVENT ${name}`,
        ];
      case "FUNCTION":
        return [
          `${create} FUNCTION ${name}() RETURNS INT DETERMINISTIC NO SQL RETURN 1`,
          `DROP FUNCTION ${name}`,
        ];
      default:
        return [`${create} PROCEDURE ${name}() SET @x = 1`, `DROP PROCEDURE ${name}`];
    }
  };
  return definers.flatMap(make);
}

export function enableEvent(database: string, event: string): string {
  return `ALTER EVENT ${quoteTable(database, event)} ENABLE`;
}

export function quoteMysqlName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

export function quoteTable(database: string, table: string): string {
  return `${quoteMysqlName(database)}.${quoteMysqlName(table)}`;
}

/** A text in hexadecimal, which no setting of the server reads otherwise. */
export function hexText(text: string): string {
  return `_utf8mb4 X'${hexOf(text)}'`;
}

function hexOf(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface RoutineGrant {
  readonly user: string;
  /** Empty for a role. */
  readonly host: string;
  readonly kind: string;
  readonly routine: string;
  /** `Execute,Alter Routine,Grant`, as the server lists them. */
  readonly privileges: string;
}

/** A grant that goes with its routine when that is dropped, and does not come back with it. */
export function grantRoutine(database: string, grant: RoutineGrant): string {
  const { user, host, kind, routine, privileges } = grant;
  const all = privileges.split(",");
  const listed = all.filter((privilege) => privilege !== "Grant");
  const words = listed.length === 0 ? "USAGE" : listed.join(", ").toUpperCase();
  const option = all.includes("Grant") ? " WITH GRANT OPTION" : "";
  return `GRANT ${words} ON ${kind} ${quoteTable(database, routine)} TO ${quoteAccount(user, host)}${option}`;
}

function quoteAccount(user: string, host: string): string {
  return [user, ...(host === "" ? [] : [host])].map(quoteMysqlName).join("@");
}

/** The dump of its definitions, in a form that may stand behind another: the mark of its first line may not. */
export function withoutSandboxMark(dump: string): string {
  return dump.replaceAll(/^\/\*M?!999999\\- .*\n/gm, "");
}
