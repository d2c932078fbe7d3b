/** A dump by pg_dumpall, of all databases or of the roles alone, loaded into a server that exists for it alone. */
import { z } from "zod";
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import { dumpAllEndProof } from "#lib/core/postgres-status.ts";
import { createTablespacesInPlace } from "#lib/core/tablespaces-in-place.ts";
import type { LoadEnd } from "#lib/sources/load-database.ts";
import { createPostgresLoader } from "#lib/sources/load-postgres.ts";
import { findMissing, listNames, type ServerLoader, splitByDatabase } from "#lib/sources/load-server.ts";
import { askPostgres, connectPostgres } from "#lib/sources/postgres-connection.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

/** The new server has its own superuser, whom the dump may not know. */
const question = `
  SELECT json_build_object(
    'roles', (SELECT json_agg(rolname) FROM pg_roles WHERE rolname !~ '^pg_'),
    'databases', (SELECT json_agg(datname) FROM pg_database WHERE datallowconn AND NOT datistemplate))`;
const answer = z.object({ roles: z.array(z.string()), databases: z.array(z.string()) });

const errorLine = /^psql:<stdin>:\d+: (?:ERROR|FATAL|PANIC|error): +(.*)$/;
const isThereAlready = /^role ".*" already exists$/;

/** psql obeys commands that stand in a dump, such as those that run programs: whoever made it has to be trusted. */
export async function createPostgresServerLoader(
  target: PostgresTarget,
  access: SourceAccess,
  isOfRolesAlone: boolean,
): Promise<ServerLoader> {
  const server = await connectPostgres({ ...target, database: "postgres" }, access);
  const trailer = dumpAllEndProof.createJudge();
  let ownsSuperuser = false;
  return {
    command: server.connected("psql", "--no-psqlrc", "--no-password", "--quiet", "--file=-"),
    env: server.env,
    inspect: (chunk) => {
      trailer.read(chunk);
      return undefined;
    },
    rewrite: createTablespacesInPlace(),
    judge: (exitCode, stderr) => {
      const errors = stderr.split("\n").flatMap((line) => errorLine.exec(line)?.[1] ?? []);
      ownsSuperuser = errors.some((error) => isThereAlready.test(error));
      return judgePsql(
        exitCode,
        errors.filter((error) => !isThereAlready.test(error)),
        trailer.judge().problem,
      );
    },
    compare: async (facts) => {
      const problem = "Cannot look into the server";
      const found = answer.parse(JSON.parse(await askPostgres(server, access, question, problem)));
      const roles = found.roles.length - (ownsSuperuser ? 0 : 1);
      const dumped = facts["roles"];
      const problems =
        typeof dumped === "number" && dumped !== roles
          ? [`it has ${countNoun(roles, "role")}, ${countDone(dumped, "dumped")}`]
          : [];
      if (isOfRolesAlone) return { counted: [countNoun(roles, "role")], problems };
      problems.push(...findMissing(listNames(facts["databases"]), found.databases));
      for (const [database, its] of splitByDatabase(facts, () => true)) {
        if (!found.databases.includes(database)) continue;
        const loader = await createPostgresLoader(target, database, {}, access);
        problems.push(...(await loader.compareRows(its)));
      }
      return { counted: [countNoun(roles, "role"), countNoun(found.databases.length, "database")], problems };
    },
  };
}

/** It goes on after an error, and ends with 0 then. */
function judgePsql(exitCode: number | null, errors: readonly string[], cut: string | undefined): LoadEnd {
  const problems = [...errors, ...(cut === undefined ? [] : [cut])];
  if (exitCode === 0 && problems.length === 0) return { outcome: "complete", problems };
  return {
    outcome: "failed",
    problems: problems.length > 0 ? problems : [`psql ended with ${exitCode ?? "a signal"}`],
  };
}
