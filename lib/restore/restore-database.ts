/** A dump into a new database of the server that the configuration names. */
import { join } from "node:path";
import { loadDump } from "#lib/archive/load-dump.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { DatabaseTarget } from "#lib/core/database-url.ts";
import type { Component, Manifest } from "#lib/core/manifest.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { PlannedPart } from "#lib/core/restore-plan.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import type { Restored } from "#lib/restore/restore-part.ts";
import type { DatabaseLoader } from "#lib/sources/load-database.ts";
import { createMysqlLoader } from "#lib/sources/load-mysql.ts";
import { createPostgresLoader } from "#lib/sources/load-postgres.ts";
import { openAccess } from "#lib/sources/open-access.ts";

type ServerTarget = Exclude<DatabaseTarget, { readonly kind: "sqlite" }>;

/** Longest name of a database that every server takes. */
const longestName = 63;

/**
 * The name of the new database, for dumps of one database whose server the configuration knows: `shop_restored_…`, or
 * what --database says. Undefined: the dump becomes a file.
 */
export function nameDatabase(
  { settings, flags }: RestoreContext,
  manifest: Manifest,
  component: Component,
): string | undefined {
  const target = findServer(settings, component);
  if (target?.database === undefined) return undefined;
  const given = flags["database"];
  if (typeof given === "string") return given;
  const suffix = `_restored_${stampOf(manifest)}`;
  return target.database.slice(0, longestName - suffix.length) + suffix;
}

/** Undefined where there is none, and where its password would need the input that the dump needs. */
function findServer(settings: Settings | undefined, component: Component): ServerTarget | undefined {
  const target = settings?.DATABASES.find(({ componentName }) => componentName === component.name);
  if (target === undefined || target.kind === "sqlite") return undefined;
  const isDump = target.kind === "mysql" ? component.format === "sql" : component.format === "pgdump";
  const isReachable = target.container === undefined || target.password === undefined;
  return isDump && isReachable ? target : undefined;
}

/** Throws OpsError "failed"; the new database is dropped then. */
export async function restoreDatabase(
  context: RestoreContext,
  { component, name }: PlannedPart,
  from: string,
): Promise<Restored> {
  const { settings } = context;
  const target = findServer(settings, component);
  if (settings === undefined || target === undefined) throw new TypeError("No server was planned");
  const opened = openAccess(accessRequest(context, settings, component.name));
  try {
    const facts = component.facts ?? {};
    const loader = await (target.kind === "mysql"
      ? createMysqlLoader(target, name, facts, opened.access)
      : createPostgresLoader(target, name, facts, opened.access));
    await loader.create();
    const problems = await fill(context, loader, component, join(from, component.file), name);
    return {
      component: component.name,
      target: `database "${name}"`,
      message: `${target.kind}, beside the one in use`,
      problems,
      missing: [],
    };
  } finally {
    await opened.close();
  }
}

async function fill(
  context: RestoreContext,
  loader: DatabaseLoader,
  component: Component,
  archive: string,
  name: string,
): Promise<readonly string[]> {
  const { childEnvironment: env, signal, progress } = context;
  try {
    const end = await loadDump({
      archive,
      compression: component.compression,
      loader,
      name,
      env,
      stallMs: limitsOf(context).stallMs,
      signal,
      onBytes: progress.update,
    });
    return [...end.problems, ...(await loader.compare(component.facts ?? {}))];
  } catch (error) {
    await dropAgain(context, loader, name);
    throw error;
  }
}

/** What was begun is half a database: nobody shall take it for a whole one. */
async function dropAgain({ log }: RestoreContext, loader: DatabaseLoader, name: string): Promise<void> {
  try {
    await loader.drop();
  } catch (error) {
    log.error("database.left", `Half a database is left: drop "${name}" by hand: ${describeError(error)}`);
  }
}

/** What a server's programs are run with, outside of a backup. */
export function accessRequest(context: RestoreContext, settings: Settings, sourceName: string) {
  const { deps, log, signal, runId, childEnvironment, cwd } = context;
  return {
    exec: deps.exec,
    clock: deps.clock,
    signal,
    log,
    timeoutMs: settings.FS_TIMEOUT,
    stallMs: settings.STALL_TIMEOUT,
    runId,
    childEnvironment,
    setDirectory: cwd,
    sourceName,
    privateRoot: join(settings.RUNTIME_DIR, runId),
    journal: { record: async () => undefined, forget: async () => undefined },
    alert: () => undefined,
    earlierFacts: [],
  };
}
