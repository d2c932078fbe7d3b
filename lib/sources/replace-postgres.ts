/**
 * A database of PostgreSQL in the place of another: two changes of names, and all that belongs to the name, in one transaction. At
 * every moment there is either what was or what comes.
 *
 * The server refuses to rename what somebody is connected with; nobody is thrown out here.
 */
import { z } from "zod";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import {
  askProperties,
  carryOver,
  type PostgresProperties,
  postgresProperties,
  quoteName,
  quoteText,
} from "#lib/core/postgres-properties.ts";
import { askPostgres, connectPostgres, type PostgresConnection } from "#lib/sources/postgres-connection.ts";
import {
  type DatabaseReplacer,
  describeFound,
  describeRemoved,
  describeUse,
} from "#lib/sources/replace-database.ts";
import { findFreeBytes } from "#lib/sources/server-room.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

const nameList = z.array(z.string());
const pollMs = 100;

export interface PostgresReplacement {
  readonly target: PostgresTarget;
  readonly database: string;
  /** Of the set: who owned it when it was dumped. */
  readonly formerOwner: string | undefined;
}

export async function openPostgresReplacer(
  { target, database, formerOwner }: PostgresReplacement,
  access: SourceAccess,
): Promise<DatabaseReplacer> {
  const server = await connectPostgres({ ...target, database: "postgres" }, access);
  const ask = (sql: string, problem: string) => askPostgres(server, access, sql, problem);
  const askNames = async (sql: string, problem: string) =>
    nameList.parse(JSON.parse(await ask(sql, problem)));
  const findNames = (names: readonly string[]) =>
    askNames(
      `SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE datname IN (${names.map(quoteText).join(", ")})`,
      `Cannot look for the database "${database}"`,
    );
  const findUsers = () =>
    askNames(
      `SELECT coalesce(json_agg(DISTINCT concat_ws(' ', coalesce(usename, 'somebody'), 'with ' || nullif(application_name, ''),
        'from ' || coalesce(host(client_addr), 'this host'), '(pid ' || pid || ')')), '[]')
      FROM pg_stat_activity WHERE datname = ${quoteText(database)} AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      `Cannot ask who uses the database "${database}"`,
    );
  return {
    findUsers,
    look: async () => {
      const isThere = (await findNames([database])).length > 0;
      const isSpecial = /^(?:postgres|template[01])$/.test(database);
      const directory = await ask("SHOW data_directory", "Cannot ask for room").catch((error: unknown) => {
        // Not everybody may know it.
        if (error instanceof OpsError) return "";
        throw error;
      });
      const properties = isThere ? await readProperties() : undefined;
      return {
        isThere,
        // It refuses itself to rename what anybody uses.
        unseen: undefined,
        facts: properties === undefined ? {} : { tablespace: properties.tablespace },
        obstacles: isSpecial ? ["it is the database that the server is administered by"] : [],
        freeBytes: await findFreeBytes(target, directory, access),
      };
    },
    prepare: async (entry) => entry,
    swap: async ({ incoming, aside, wasThere }) => {
      const problem = `Cannot replace the database "${database}"`;
      const carried = wasThere ? carryOver(incoming, await readProperties()) : await listFormer(incoming);
      const statements = [
        "BEGIN",
        ...carried,
        ...(wasThere ? [`ALTER DATABASE ${quoteName(database)} RENAME TO ${quoteName(aside)}`] : []),
        `ALTER DATABASE ${quoteName(incoming)} RENAME TO ${quoteName(database)}`,
        "COMMIT",
      ];
      try {
        await ask(statements.join(";\n"), problem);
      } catch (cause) {
        const users = wasThere ? await findUsers() : [];
        if (users.length === 0) throw cause;
        throw describeUse(database, users, cause);
      }
    },
    undo: async (entry) => {
      const { incoming, aside, wasThere } = entry;
      await endPostgresWork({ database: incoming, word: incoming }, server, access);
      const there = await findNames([database, incoming, aside]);
      const isLeft = there.includes(incoming);
      if (isLeft) await ask(`DROP DATABASE ${quoteName(incoming)}`, `Cannot drop the database "${incoming}"`);
      const isReplaced = there.includes(database) && (there.includes(aside) || !wasThere);
      return [
        describeFound(entry, isReplaced ? "replaced" : "untouched"),
        ...(isLeft ? [describeRemoved(entry)] : []),
      ];
    },
    describeKept: ({ aside, wasThere }) =>
      wasThere
        ? [
            `To take it away: DROP DATABASE ${quoteName(aside)};`,
            `To go back: DROP DATABASE ${quoteName(database)}; ALTER DATABASE ${quoteName(aside)} RENAME TO ${quoteName(database)};`,
          ]
        : [],
  };

  async function readProperties(): Promise<PostgresProperties> {
    const answer = await ask(askProperties(database), `Cannot look at the database "${database}"`);
    return postgresProperties.parse(JSON.parse(answer));
  }

  /** Of a database that is gone nothing is left but the name of its owner. */
  async function listFormer(incoming: string): Promise<readonly string[]> {
    if (formerOwner === undefined) return [];
    const role = quoteText(formerOwner);
    const known = await ask(`SELECT count(*) FROM pg_roles WHERE rolname = ${role}`, "Cannot ask for roles");
    return known === "0" ? [] : [`ALTER DATABASE ${quoteName(incoming)} OWNER TO ${quoteName(formerOwner)}`];
  }
}

/** What a dead run has begun in a database goes on in the server, be it only that it waits for a lock. `word` stands in no statement but its own. */
export async function endPostgresWork(
  { database, word }: { readonly database: string; readonly word: string },
  server: PostgresConnection,
  access: SourceAccess,
): Promise<void> {
  const problem = `Cannot end what uses the database "${database}"`;
  const deadline = access.clock.monotonicMs() + access.timeoutMs;
  // Only a superuser may end the server's own workers, which have no user: DROP DATABASE ends an autovacuum by itself.
  const sql = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND usesysid IS NOT NULL
    AND (datname = ${quoteText(database)} OR (state = 'active' AND strpos(query, ${quoteText(word)}) > 0))`;
  while ((await askPostgres(server, access, sql, problem)) !== "0") {
    if (access.clock.monotonicMs() > deadline) throw new OpsError(problem, { outcome: "failed" });
    await access.clock.sleep(pollMs);
  }
}
