/** A database beside the one in use: written down before it is made, so that no half of it outlives the restore. */
import { join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { accessRequest } from "#lib/restore/server-access.ts";
import { dropBegun, recordBegun } from "#lib/sources/begun-records.ts";
import { type BegunServer, openBegunServer } from "#lib/sources/begun-server.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { openLoader, type ServerTarget } from "#lib/sources/open-loader.ts";

interface NewDatabase {
  readonly target: ServerTarget;
  readonly component: Component;
  readonly name: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Make it and have `fill` fill it, which calls `finish` when all of it is there. Whatever ends that drops it again. */
export async function withNewDatabase<Value>(
  context: RestoreContext,
  settings: Settings,
  { target, component, name, facts }: NewDatabase,
  fill: (finish: () => Promise<void>) => Promise<Value>,
): Promise<Value> {
  const begun = { schema: 1, runId: context.runId, component: component.name, database: name } as const;
  // One for each connection, since its credentials are in a file of its own.
  const open = (purpose: string) =>
    openAccess({ ...undoRequest(context, settings, purpose), sourceName: component.name });
  const [making, marking] = [open("make"), open("mark")];
  try {
    const server = await openBegunServer(target, begun, marking.access);
    const { create } = await openLoader(target, name, facts, making.access);
    const forget = await recordIfPossible(context, settings, begun);
    try {
      await create();
    } catch (error) {
      // What is there now of that name is somebody else's.
      await forget();
      throw error;
    }
    try {
      await server.mark();
      const value = await fill(server.unmark);
      await forget();
      return value;
    } catch (error) {
      if (await dropAgain(context, server, name)) await forget();
      throw error;
    }
  } finally {
    await making.close();
    await marking.close();
  }
}

/** What restores that were killed have left of databases on the servers that are known. */
export async function dropHalfDatabases(context: RestoreContext, settings: Settings): Promise<void> {
  const notes = await dropBegun(
    directoryOf(settings),
    settings.DATABASES,
    undoRequest(context, settings, "drop"),
  );
  for (const note of notes) context.log.warning("database.cleared", note);
}

function directoryOf({ STATE_DIR, JOB }: Settings): string {
  return join(STATE_DIR, JOB);
}

/** Of acts that whoever stops the restore does not stop: they are over in a moment. */
function undoRequest(context: RestoreContext, settings: Settings, purpose: string) {
  const request = accessRequest(context, settings);
  return {
    ...request,
    signal: new AbortController().signal,
    privateRoot: `${request.privateRoot}-${purpose}`,
  };
}

/** A state that cannot be written, be it on a full disk, keeps nobody from a restore. Resolves to the way to forget it. */
async function recordIfPossible(
  { log }: RestoreContext,
  settings: Settings,
  begun: Parameters<typeof recordBegun>[1],
): Promise<() => Promise<void>> {
  try {
    const forget = await recordBegun(directoryOf(settings), begun);
    return () => forget().catch((error: unknown) => log.warning("database.recorded", describeError(error)));
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    log.warning(
      "database.unrecorded",
      `Should this be killed, drop half a database "${begun.database}" by hand: ${describeError(error)}`,
    );
    return async () => undefined;
  }
}

/** What was begun is half a database: nobody shall take it for a whole one. */
async function dropAgain({ log }: RestoreContext, server: BegunServer, name: string): Promise<boolean> {
  try {
    await server.drop();
    return true;
  } catch (error) {
    log.error(
      "database.left",
      `Half a database is left, which the next restore or backup drops: "${name}": ${describeError(error)}`,
    );
    return false;
  }
}
