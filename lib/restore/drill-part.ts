/** One component of a drill, in a directory of its own that goes however it ends. */
import { join } from "node:path";
import { readComponent } from "#lib/archive/read-component.ts";
import type { Settings } from "#lib/config/schema.ts";
import { dumpKindOf } from "#lib/core/dump-kind.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { PartOutcome } from "#lib/core/outcome.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { DrilledComponent } from "#lib/restore/drill-component.ts";
import { drillDump, drillSqlite } from "#lib/restore/drill-database.ts";
import { drillServer } from "#lib/restore/drill-server.ts";
import { drillStack } from "#lib/restore/drill-stack.ts";
import { drillTree } from "#lib/restore/drill-tree.ts";
import type { LocalFiles } from "#lib/restore/fetch-set.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { accessRequest } from "#lib/restore/server-access.ts";
import { isTrusted } from "#lib/restore/trust.ts";
import { openAccess } from "#lib/sources/open-access.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";

export interface Drilled extends DrilledComponent {
  readonly name: string;
  readonly outcome: PartOutcome;
  readonly seconds: number;
}

interface PartDrill {
  readonly component: Component;
  readonly files: LocalFiles;
  /** Must not exist. */
  readonly scratch: string;
}

/** What is wrong with it is in its problems; throws when the drill as a whole cannot go on. */
export async function drillPart(
  run: RunContext<Settings>,
  context: RestoreContext,
  { component, files, scratch }: PartDrill,
): Promise<Drilled> {
  const { clock } = run.deps;
  const startedMs = clock.monotonicMs();
  const { name } = component;
  const entry = { kind: "private", path: scratch } as const;
  await run.journal.record(entry);
  context.progress.begin(`drill ${name}`, component.bytesIn);
  const end = (outcome: PartOutcome, found: DrilledComponent): Drilled => {
    const { message, problems } = found;
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    run.log.info(
      "drill.component",
      `${name}: ${[message, ...problems].join("; ")} (${seconds.toFixed(1)} s)`,
    );
    return { ...found, name, outcome, seconds };
  };
  try {
    const { directory: from, copy } = files;
    const found = await drillByFormat(run, context, { component, from, scratch, manifest: copy.manifest });
    return end(found.problems.length === 0 ? "complete" : "failed", found);
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    const hint = error.hint === undefined ? [] : [error.hint];
    return end("failed", { message: "cannot be restored", problems: [describeError(error), ...hint] });
  } finally {
    context.progress.end();
    await removePartialSet(scratch, run.settings.FS_TIMEOUT * 10);
    await run.journal.forget(entry);
  }
}

async function drillByFormat(
  run: RunContext<Settings>,
  context: RestoreContext,
  drill: Pick<Parameters<typeof drillTree>[1], "component" | "from" | "scratch" | "manifest">,
): Promise<DrilledComponent> {
  const { component } = drill;
  if (component.source === "stack") return drillStack(run, context, drill);
  if (component.format === "tar") return drillTree(context, { ...drill, settings: run.settings });
  const opened = openAccess({ ...accessRequest(context, run.settings), sourceName: component.name });
  try {
    const request = { ...drill, access: opened.access };
    if (component.format === "sqlite") return await drillSqlite(context, request);
    const kind = dumpKindOf(component);
    if (kind.server === undefined) return await drillReading(context, drill, kind.why);
    // A dump may have its server, or its client, run programs.
    if (!isTrusted(context, drill.manifest))
      return await drillReading(context, drill, "it is of another host, and --trust was not given");
    if (kind.of === "database") return await drillDump(context, kind.server, request);
    return await drillServer(context, kind, request);
  } finally {
    await opened.close();
  }
}

/** A dump that nothing here can or may load. */
async function drillReading(
  context: RestoreContext,
  { component, from }: { readonly component: Component; readonly from: string },
  why: string,
): Promise<DrilledComponent> {
  const { childEnvironment: env, signal, progress } = context;
  const { problem } = await readComponent({
    path: join(from, component.file),
    compression: component.compression,
    isTar: false,
    env,
    stallMs: limitsOf(context).stallMs,
    signal,
    onBytes: progress.update,
  });
  return {
    message: `read to its end, not loaded: ${why}`,
    problems: problem === undefined ? [] : [problem],
  };
}
