/** The drill of a dump: loaded into a server that exists for it alone. */
import { join } from "node:path";
import { loadDump } from "#lib/archive/load-dump.ts";
import { writePlain } from "#lib/archive/write-plain.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import type { PostgresTarget } from "#lib/core/database-url.ts";
import type { Component } from "#lib/core/manifest.ts";
import { rowCountsOf } from "#lib/core/row-counts.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import { examineSqlite } from "#lib/restore/examine-sqlite.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { makeDirectory } from "#lib/restore/target-directory.ts";
import type { DatabaseLoader } from "#lib/sources/load-database.ts";
import { createMysqlLoader } from "#lib/sources/load-mysql.ts";
import { createPostgresLoader } from "#lib/sources/load-postgres.ts";
import { startScratchMysql } from "#lib/sources/scratch-mysql.ts";
import { startScratchPostgres } from "#lib/sources/scratch-postgres.ts";
import type { ScratchAccess } from "#lib/sources/scratch-server.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

export interface DatabaseDrill {
  readonly component: Component;
  /** Where the set's files are. */
  readonly from: string;
  /** New, and removed with everything in it. */
  readonly scratch: string;
  readonly access: SourceAccess;
}

const name = "drill";

export async function drillDump(
  context: RestoreContext,
  kind: "mysql" | "postgres",
  { component, from, scratch, access }: DatabaseDrill,
): Promise<DrilledComponent> {
  const { deps, signal, childEnvironment: env, progress } = context;
  await makeDirectory(context, scratch);
  const request = scratchAccess(context, scratch);
  const facts = component.facts ?? {};
  const server = await (kind === "mysql" ? startScratchMysql(request) : startScratchPostgres(request));
  try {
    const { target } = server;
    const loader = await (target.kind === "mysql"
      ? createMysqlLoader(target, name, facts, access)
      : createLoaderWithoutTablespaces(target, facts, access));
    await loader.create();
    const { stallMs } = limitsOf(context);
    const archive = join(from, component.file);
    const { compression } = component;
    await loadDump({ archive, compression, loader, name, env, stallMs, signal, onBytes: progress.update });
    const startedMs = deps.clock.monotonicMs();
    // Of a server without the roles, owners are no finding: tables are.
    const problems = [...(await loader.compare(facts)), ...(await loader.compareRows(facts))];
    const tables = typeof facts["tables"] === "number" ? countNoun(facts["tables"], "table") : "its tables";
    return {
      message: `loaded into a ${kind} server of its own, ${tables} counted${sayCompared(component)}`,
      problems,
      comparingMs: deps.clock.monotonicMs() - startedMs,
    };
  } finally {
    await server.stop();
  }
}

/** Those of the dumped server are directories that it uses. */
async function createLoaderWithoutTablespaces(
  target: PostgresTarget,
  facts: Readonly<Record<string, unknown>>,
  access: SourceAccess,
): Promise<DatabaseLoader> {
  const loader = await createPostgresLoader(target, name, { ...facts, tablespace: undefined }, access);
  return { ...loader, command: [...loader.command, "--no-tablespaces"] };
}

/** What a server of the drill is started with. */
export function scratchAccess(
  { deps, signal, isRoot, childEnvironment }: RestoreContext,
  directory: string,
): ScratchAccess {
  return { exec: deps.exec, clock: deps.clock, signal, isRoot, childEnvironment, directory };
}

/** Of sets of before rows were counted there is nothing to say. */
export function sayCompared({ facts }: Component): string {
  const tables = rowCountsOf(facts)?.tables;
  return tables === undefined
    ? ""
    : `, ${countNoun(
        tables.reduce((sum, { rows }) => sum + rows, 0),
        "row",
      )} compared`;
}

export async function drillSqlite(
  context: RestoreContext,
  { component, from, scratch }: DatabaseDrill,
): Promise<DrilledComponent> {
  const { childEnvironment: env, signal, progress, deps } = context;
  const { stallMs } = limitsOf(context);
  await makeDirectory(context, scratch);
  const path = join(scratch, "restored.sqlite");
  const { compression, bytesIn } = component;
  const archive = join(from, component.file);
  await writePlain({
    archive,
    compression,
    path,
    maxBytes: bytesIn,
    env,
    stallMs,
    signal,
    onBytes: progress.update,
  });
  const startedMs = deps.clock.monotonicMs();
  const { tables, problems } = await examineSqlite(context, path, component);
  return {
    message: `opened by SQLite, ${countNoun(tables, "table")}${sayCompared(component)}`,
    problems,
    comparingMs: deps.clock.monotonicMs() - startedMs,
  };
}
