/** A dump into a new database of the server that the configuration names. */
import { join } from "node:path";
import { loadDump } from "#lib/archive/load-dump.ts";
import type { Settings } from "#lib/config/schema.ts";
import { isTooLong, nameBeside } from "#lib/core/database-names.ts";
import type { Component, Manifest } from "#lib/core/manifest.ts";
import { enableEvent } from "#lib/core/mysql-swap.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { PlannedPart } from "#lib/core/restore-plan.ts";
import type { UndoJournal } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { withNewDatabase } from "#lib/restore/new-database.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import type { Restored } from "#lib/restore/restore-part.ts";
import { accessRequest } from "#lib/restore/server-access.ts";
import { isTrusted, untrustedDump } from "#lib/restore/trust.ts";
import type { DatabaseLoader } from "#lib/sources/load-database.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { openLoader, type ServerTarget } from "#lib/sources/open-loader.ts";

/**
 * The name of the new database, for dumps of one database whose server the configuration knows: `shop_restored_…`, or
 * what --database says. Undefined: the dump becomes a file, as does one whose statements nobody vouches for.
 */
export function nameDatabase(
  context: RestoreContext,
  manifest: Manifest,
  component: Component,
): string | undefined {
  const { settings, flags } = context;
  if (!isTrusted(context, manifest)) return undefined;
  const target = findServer(settings, component);
  if (target?.database === undefined) return undefined;
  const given = flags["database"];
  if (typeof given === "string") return given;
  return nameBeside(target.database, `_restored_${stampOf(manifest)}`);
}

/** One name is of one database. Throws OpsError "usage". */
export function checkDatabaseFlag(
  name: string | boolean | undefined,
  parts: readonly PlannedPart[],
  isVouchedFor: boolean,
): void {
  if (name === undefined) return;
  if (typeof name === "string" && isTooLong(name))
    throw new OpsError(`Cannot name a database "${name}": it is too long`, { outcome: "usage" });
  if (!isVouchedFor) throw untrustedDump();
  const databases = parts.filter(({ kind }) => kind === "database").map(({ component }) => component.name);
  if (databases.length === 1) return;
  throw new OpsError(
    databases.length === 0
      ? "Cannot load a database: the configuration knows no server for any dump"
      : `Cannot load ${databases.length} databases under one name`,
    {
      outcome: "usage",
      hint:
        databases.length === 0
          ? "Name its server in DATABASES, or leave --database out: the dump becomes a file"
          : `Name one: ${databases.map((one) => `--component ${one}`).join(", or ")}`,
    },
  );
}

/** Undefined where there is none. */
function findServer(settings: Settings | undefined, component: Component): ServerTarget | undefined {
  const target = settings?.DATABASES.find(({ componentName }) => componentName === component.name);
  if (target === undefined || target.kind === "sqlite") return undefined;
  const isDump = target.kind === "mysql" ? component.format === "sql" : component.format === "pgdump";
  return isDump ? target : undefined;
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
  const facts = component.facts ?? {};
  const wanted = { target, component, name, facts };
  const { problems, events } = await withNewDatabase(context, settings, wanted, (finish) =>
    withLoader(context, wanted, async (loader) => {
      const loaded = await load(context, loader, component, from, name);
      await finish();
      return {
        problems: [...loaded, ...(await loader.compare(facts))],
        events: loader.disabledEvents?.() ?? [],
      };
    }),
  );
  return {
    component: component.name,
    target: `database "${name}"`,
    message: `${target.kind}, beside the one in use`,
    problems,
    notes: events.map(
      (event) => `An event that does not run here until you say: ${enableEvent(name, event)};`,
    ),
    missing: [],
  };
}

/** Where a dump is loaded to. */
export interface NewDatabase {
  readonly target: ServerTarget;
  readonly component: Component;
  readonly name: string;
  /** Of the component, and of what the database has to have beside those. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly journal?: UndoJournal;
}

export interface LoadedDatabase {
  readonly problems: readonly string[];
  /** Names of those that ran where they were dumped. */
  readonly disabledEvents: readonly string[];
}

/** A new database, of which every table and its rows are compared. Whoever called takes it away again. */
export function loadBeside(
  context: RestoreContext,
  wanted: NewDatabase,
  from: string,
): Promise<LoadedDatabase> {
  const { component, name, facts } = wanted;
  return withLoader(context, wanted, async (loader) => {
    await loader.create();
    return {
      problems: [
        ...(await load(context, loader, component, from, name)),
        ...(await loader.compare(facts)),
        ...(await loader.compareRows(facts)),
      ],
      disabledEvents: loader.disabledEvents?.() ?? [],
    };
  });
}

async function withLoader<Value>(
  context: RestoreContext,
  { target, component, name, facts, journal }: NewDatabase,
  use: (loader: DatabaseLoader) => Promise<Value>,
): Promise<Value> {
  const { settings } = context;
  if (settings === undefined) throw new TypeError("No server was planned");
  const request = { ...accessRequest(context, settings), sourceName: component.name };
  const opened = openAccess(journal === undefined ? request : { ...request, journal });
  try {
    return await use(await openLoader(target, name, facts, opened.access));
  } finally {
    await opened.close();
  }
}

async function load(
  context: RestoreContext,
  loader: DatabaseLoader,
  { file, compression }: Component,
  from: string,
  name: string,
): Promise<readonly string[]> {
  const { childEnvironment: env, signal, progress } = context;
  const { stallMs } = limitsOf(context);
  const request = { archive: join(from, file), compression, loader, name, env, stallMs, signal };
  return (await loadDump({ ...request, onBytes: progress.update })).problems;
}
