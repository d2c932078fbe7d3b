/** What a restore of a database in its place would do: decided, and all that can be known before is checked. */
import { basename, dirname, join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { nameBeside } from "#lib/core/database-names.ts";
import type { DatabaseTarget } from "#lib/core/database-url.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { planRestore } from "#lib/core/restore-plan.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { formatBytes } from "#lib/core/size.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { DatabaseSwap } from "#lib/core/undo.ts";
import { chooseFound } from "#lib/restore/choose-found.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { openReplaceable, type Replaceable } from "#lib/restore/replaceable-database.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { contextOf } from "#lib/restore/run-to-context.ts";
import { isTrusted, untrustedDump } from "#lib/restore/trust.ts";
import { describeUse, type PresentDatabase } from "#lib/sources/replace-database.ts";

export interface DatabasePlan {
  readonly context: RestoreContext;
  readonly copies: readonly [FoundSet, ...FoundSet[]];
  readonly component: Component;
  readonly target: DatabaseTarget;
  readonly present: PresentDatabase;
  readonly replaceable: Replaceable;
  readonly entry: DatabaseSwap;
}

/** Throws OpsError "usage" or "failed"; nothing is written. Close what it holds. */
export async function planDatabase(run: RunContext<Settings>): Promise<DatabasePlan> {
  const context = await contextOf(run);
  const [, set, ...paths] = context.operands;
  const [name, ...more] = listFlag(context.flags["component"]);
  if (set === undefined || name === undefined || paths.length + more.length > 0) {
    throw new OpsError("In place, one database of one SET is restored", {
      outcome: "usage",
      hint: "restore SET --component database-NAME --in-place",
    });
  }
  const chosen = await chooseFound(context, set);
  if (chosen.kind === "legacy") {
    throw new OpsError("A legacy archive is not restored in place", {
      outcome: "usage",
      hint: "Restore it into a directory, and look at it",
    });
  }
  if (!isTrusted(context, chosen.copies[0].manifest)) throw untrustedDump();
  const [part] = planRestore(chosen.copies[0].manifest, {
    components: [name],
    paths: [],
    databaseFor: () => undefined,
  });
  if (part === undefined) throw new TypeError("No part was planned");
  const { component } = part;
  const target = findTarget(run.settings, component);
  const replaceable = await openReplaceable(context, run, target, component);
  try {
    const present = await replaceable.look();
    const [obstacle] = present.obstacles;
    if (obstacle !== undefined) {
      throw new OpsError(`Cannot replace the database "${replaceable.name}": ${obstacle}`, {
        outcome: "failed",
        hint: "Restore it beside the one in use: leave --in-place out",
      });
    }
    checkRoom(replaceable.name, component, present);
    const users = present.isThere ? await replaceable.findUsers() : [];
    if (users.length > 0) throw describeUse(replaceable.name, users);
    const entry = nameAll(run, replaceable.name, component, target, present);
    return { context, copies: chosen.copies, component, target, present, replaceable, entry };
  } catch (error) {
    await replaceable.close();
    throw error;
  }
}

function findTarget({ DATABASES }: Settings, { name, format }: Component): DatabaseTarget {
  const target = DATABASES.find(({ componentName }) => componentName === name);
  const formats = { mysql: "sql", postgres: "pgdump", sqlite: "sqlite" } as const;
  if (target !== undefined && formats[target.kind] === format) {
    if (target.kind === "sqlite" || target.database !== undefined) return target;
  }
  throw new OpsError(
    target === undefined
      ? `Nothing says which database "${name}" is`
      : `"${name}" is no dump of a single database`,
    { outcome: "usage", hint: "Name the database in DATABASES, or restore without --in-place" },
  );
}

function checkRoom(name: string, { bytesIn, facts }: Component, { freeBytes }: PresentDatabase): void {
  const size = facts?.["sizeBytes"];
  const neededBytes = Math.max(bytesIn, typeof size === "number" ? size : 0);
  if (freeBytes === undefined || freeBytes >= neededBytes) return;
  throw new OpsError(
    `Cannot restore beside the database "${name}": ${formatBytes(freeBytes)} free, ${formatBytes(neededBytes)} required`,
    { outcome: "failed", hint: "What is there now is kept: free space where the server has its data" },
  );
}

function nameAll(
  run: RunContext<Settings>,
  name: string,
  { name: component }: Component,
  { kind }: DatabaseTarget,
  { isThere: wasThere }: PresentDatabase,
): DatabaseSwap {
  const id = run.runId.slice(0, 8);
  const stamp = `${run.startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const common = { kind: "database-swap", component, target: name, wasThere } as const;
  if (kind !== "sqlite") {
    const aside = nameBeside(name, `_before_${stamp}`);
    return { ...common, incoming: nameBeside(name, `_restoring_${id}`), aside };
  }
  const parent = dirname(name);
  const incoming = join(parent, `.restoring-${id}-${basename(name)}`);
  return { ...common, incoming, aside: join(parent, `${basename(name)}.before-${stamp}-${id}`) };
}

export function describeDatabasePlan({ copies, component, present, entry }: DatabasePlan): string[] {
  const [{ manifest, place }] = copies;
  const { target, aside, wasThere } = entry;
  return [
    `Set ${stampOf(manifest)} of ${manifest.host.name}/${manifest.job} (${manifest.outcome}) from ${place.name}`,
    `The database "${target}" becomes what it was then: ${component.name}, ${formatBytes(component.bytesIn)}`,
    wasThere ? `What is there now is kept as "${aside}"` : "There is none of that name now",
    ...(present.freeBytes === undefined ? ["Whether it has room for both cannot be told from here"] : []),
    ...(wasThere ? describeUsers(present) : ["Users and grants that it had are not in its dump"]),
  ].map(showName);
}

function describeUsers({ unseen }: PresentDatabase): readonly string[] {
  return unseen === undefined
    ? ["Nobody uses it now. Keep its application stopped: if anybody connects meanwhile, nothing is replaced"]
    : [describeUnseen(unseen)];
}

/** What somebody writes who has the old one open is in the old one alone. */
export function describeUnseen(unseen: string): string {
  return `Nobody is seen to use it, but ${unseen} cannot be seen: what uses it must be stopped`;
}
