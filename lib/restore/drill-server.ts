/** The drill of a dump of a whole server, or of its roles: loaded into a server that exists for it alone. */
import { join } from "node:path";
import { loadDump } from "#lib/archive/load-dump.ts";
import type { DumpKind } from "#lib/core/dump-kind.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import { type DatabaseDrill, sayCompared, scratchAccess } from "#lib/restore/drill-database.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { makeDirectory } from "#lib/restore/target-directory.ts";
import { createMysqlServerLoader } from "#lib/sources/load-mysql-server.ts";
import { createPostgresServerLoader } from "#lib/sources/load-postgres-server.ts";
import type { ServerLoader } from "#lib/sources/load-server.ts";
import { startScratchMysql } from "#lib/sources/scratch-mysql.ts";
import { startScratchPostgres } from "#lib/sources/scratch-postgres.ts";
import type { ScratchServer } from "#lib/sources/scratch-server.ts";

type ServerKind = Extract<DumpKind, { readonly of: unknown }>;

interface Prepared extends ScratchServer {
  readonly createLoader: () => Promise<ServerLoader>;
}

/** Of a set that is trusted: a dump may have its client run programs. */
export async function drillServer(
  context: RestoreContext,
  kind: ServerKind,
  drill: DatabaseDrill,
): Promise<DrilledComponent> {
  const { component, from, scratch } = drill;
  const { childEnvironment: env, signal, progress, deps } = context;
  const facts = component.facts ?? {};
  await makeDirectory(context, scratch);
  const server = await prepare(context, kind, drill);
  try {
    const loader = await server.createLoader();
    await loadDump({
      archive: join(from, component.file),
      compression: component.compression,
      loader,
      name: "a server of its own",
      env,
      stallMs: limitsOf(context).stallMs,
      signal,
      onBytes: progress.update,
    });
    const startedMs = deps.clock.monotonicMs();
    const { counted, problems } = await loader.compare(facts);
    return {
      message: `loaded into a ${kind.server} server of its own, ${counted.join(" and ")} counted${sayCompared(component)}`,
      problems,
      comparingMs: deps.clock.monotonicMs() - startedMs,
    };
  } finally {
    await server.stop();
  }
}

async function prepare(
  context: RestoreContext,
  { server: kind, of }: ServerKind,
  { scratch, access }: DatabaseDrill,
): Promise<Prepared> {
  const request = scratchAccess(context, scratch);
  if (kind === "postgres") {
    const { target, stop } = await startScratchPostgres(request);
    return { stop, createLoader: () => createPostgresServerLoader(target, access, of === "roles") };
  }
  const { target, stop, restartOpen } = await startScratchMysql(request);
  return { stop, createLoader: () => createMysqlServerLoader(target, access, restartOpen) };
}
