/** A database that is to be replaced, whatever kind it is of: looked at, filled beside, swapped. */
import type { Settings } from "#lib/config/schema.ts";
import type { DatabaseTarget, MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import type { Component } from "#lib/core/manifest.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { openSqliteReplaceable } from "#lib/restore/replaceable-sqlite.ts";
import { loadBeside } from "#lib/restore/restore-database.ts";
import { accessRequest } from "#lib/restore/server-access.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { openReplacer } from "#lib/sources/open-replacer.ts";
import type { DatabaseReplacer, PresentDatabase } from "#lib/sources/replace-database.ts";

export interface Replaceable
  extends Pick<DatabaseReplacer, "look" | "findUsers" | "prepare" | "describeKept"> {
  /** Its name on its server, or its file. */
  readonly name: string;
  /** Fill what takes its place, and compare it with what the manifest says; resolves to problems. */
  readonly fill: (from: string, entry: DatabaseSwap, present: PresentDatabase) => Promise<readonly string[]>;
  /** After it has been filled. Throws OpsError "failed"; then it is to be undone. Heeds no signal. */
  readonly swap: (entry: DatabaseSwap) => Promise<void>;
  /** Let go of credentials. */
  readonly close: () => Promise<void>;
}

export function openReplaceable(
  context: RestoreContext,
  run: RunContext<Settings>,
  target: DatabaseTarget,
  component: Component,
): Promise<Replaceable> {
  return target.kind === "sqlite"
    ? openSqliteReplaceable(context, target, component)
    : openServerReplaceable(context, run, target, component);
}

async function openServerReplaceable(
  context: RestoreContext,
  { settings, journal }: RunContext<Settings>,
  target: MysqlTarget | PostgresTarget,
  component: Component,
): Promise<Replaceable> {
  const name = target.database ?? "";
  const request = { ...accessRequest(context, settings), sourceName: component.name };
  // Whoever stops the run does not stop a swap in its middle.
  const signal = new AbortController().signal;
  const opened = openAccess({ ...request, journal, signal, privateRoot: `${request.privateRoot}-swap` });
  try {
    const facts = component.facts ?? {};
    const replacer = await openReplacer({ target, database: name, facts }, opened.access);
    let events: readonly string[] = [];
    return {
      ...replacer,
      name,
      fill: async (from, { incoming }, present) => {
        const wanted = { target, component, name: incoming, facts: { ...facts, ...present.facts }, journal };
        const loaded = await loadBeside(context, wanted, from);
        events = loaded.disabledEvents;
        return loaded.problems;
      },
      swap: (entry) => replacer.swap(entry, events),
      close: opened.close,
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
