/** What `restore SET --component stack-NAME --in-place` would do, before anything is done. */
import { dirname, join } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import type { Container } from "#lib/core/containers.ts";
import { frozenName } from "#lib/core/frozen-name.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { planRestore } from "#lib/core/restore-plan.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";
import { listItems, readStackFacts, type StackFacts } from "#lib/core/stack-items.ts";
import { judgeOccupants } from "#lib/core/stack-occupants.ts";
import { planStop } from "#lib/core/stop-plan.ts";
import type { PathSwap, StoppedStack } from "#lib/core/undo.ts";
import { askSpace } from "#lib/preflight/ask-file-system.ts";
import { chooseFound } from "#lib/restore/choose-found.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
import { contextOf } from "#lib/restore/run-to-context.ts";
import { locateTargets, type StackTarget, type StackTargets } from "#lib/restore/stack-targets.ts";
import { askerOf } from "#lib/restore/target-directory.ts";
import { createDocker, type Docker } from "#lib/stacks/docker.ts";
import { readStacks } from "#lib/stacks/read-stacks.ts";
import { resolvePaths } from "#lib/stacks/resolve-paths.ts";

/** What is extracted at once, and the paths of its file system that come out of it. */
export interface StackBox {
  readonly path: string;
  readonly swaps: readonly PathSwap[];
  /** Of the archive. */
  readonly members: readonly string[];
}

export interface StackPlan extends Pick<StackTargets, "targets" | "absentVolumes"> {
  readonly context: RestoreContext;
  /** Heeds no signal: what has been begun with it is ended. */
  readonly docker: Docker;
  readonly copies: readonly [FoundSet, ...FoundSet[]];
  readonly component: Component;
  readonly facts: StackFacts;
  readonly boxes: readonly StackBox[];
  /** Undefined when nothing of it runs. */
  readonly stopped: StoppedStack | undefined;
  readonly isDeployed: boolean;
  readonly notes: readonly string[];
}

/** Throws OpsError "usage" or "failed". */
export async function planStack(run: RunContext<Settings>): Promise<StackPlan> {
  const context = await contextOf(run);
  const { copies, component } = await chooseComponent(context);
  const facts = readStackFacts(component);
  const items = listItems(facts, context.operands.slice(2));
  const docker = createDocker({ exec: run.deps.exec });
  const located = await locateTargets(context, docker, items);
  await checkRoom(context, located.targets, context.operands.length > 2 ? 0 : component.bytesIn);
  const asker = askerOf(context);
  const stack = { name: facts.stack, directory: facts.directory, files: [] };
  const access = { docker, asker, settings: run.settings, destinations: [] };
  const [reading] = await readStacks(access, [stack]);
  if (reading === undefined || reading.state === "unknown") {
    throw new OpsError(
      `Cannot tell whether stack "${facts.stack}" runs, so it is not touched: ${reading?.problems[0] ?? "docker does not say"}`,
      { outcome: "failed", hint: "docker compose ls --all. Without --in-place no docker is needed" },
    );
  }
  const paths = located.targets.map(({ path }) => path);
  const containers = await freeFromOccupants(docker, context, reading.containers, paths);
  const { record, notes } = planStop(containers, "stop", run.deps.clock.now());
  const startedAt = Object.fromEntries(containers.map((one) => [one.id, one.startedAt]));
  return {
    ...located,
    context,
    docker,
    copies,
    component,
    facts,
    boxes: planBoxes(run, facts, located.targets),
    stopped: record === undefined ? undefined : { kind: "stack", record, startedAt },
    isDeployed: containers.length > 0,
    notes: [...located.notes, ...notes],
  };
}

async function chooseComponent(context: RestoreContext): Promise<Pick<StackPlan, "copies" | "component">> {
  const [, name] = context.operands;
  const components = listFlag(context.flags["component"]);
  if (name === undefined || components.length !== 1) {
    throw new OpsError("In place, one stack of one SET is restored", {
      outcome: "usage",
      hint: "restore SET --component stack-NAME --in-place, for each of them",
    });
  }
  const chosen = await chooseFound(context, name);
  if (chosen.kind === "legacy") {
    throw new OpsError("A legacy archive is not restored in place", {
      outcome: "usage",
      hint: "Restore it into a directory, look at it, and move it",
    });
  }
  const { copies } = chosen;
  const [part] = planRestore(copies[0].manifest, { components, paths: [], databaseFor: () => undefined });
  if (part === undefined) throw new TypeError("No part was planned");
  return { copies, component: part.component };
}

/** How much of it goes to which file system only the archive knows: what is full is noticed before anything is stopped. */
async function checkRoom(
  context: RestoreContext,
  targets: readonly StackTarget[],
  neededBytes: number,
): Promise<void> {
  const bases = new Map(targets.map(({ fileSystem, base }) => [fileSystem, base]));
  let freeBytes = 0;
  for (const base of bases.values()) {
    const space = await askSpace(askerOf(context), base);
    if (!space.ok)
      throw new OpsError(`Cannot ask "${base}" for its room: ${space.reason}`, { outcome: "failed" });
    freeBytes += space.value.freeBytes;
  }
  if (freeBytes >= neededBytes) return;
  throw new OpsError(
    `Cannot replace the stack: ${formatBytes(freeBytes)} free, ${formatBytes(neededBytes)} required beside what is there`,
    {
      outcome: "failed",
      hint: "Free space there, name single paths, or restore into a directory of another disk",
    },
  );
}

/** Throws OpsError "failed" when somebody uses the paths who cannot be stopped and started. */
async function freeFromOccupants(
  docker: Docker,
  context: RestoreContext,
  own: readonly Container[],
  targets: readonly string[],
): Promise<readonly Container[]> {
  const all = await docker.readContainers();
  const sources = all.flatMap(({ mounts }) => mounts.flatMap(({ source }) => (source === "" ? [] : source)));
  const places = await resolvePaths(askerOf(context), sources, []);
  const resolve = (source: string) => places.get(source)?.path ?? source;
  const { containers, problems } = judgeOccupants({ own, all, targets, resolve });
  const [first] = problems;
  if (first === undefined) return containers;
  throw new OpsError(first, { outcome: "failed", hint: "Nothing was touched", problems });
}

/** One extraction for each file system: what lies on it is then put in its place by renaming. */
function planBoxes(
  run: RunContext<Settings>,
  { stack }: StackFacts,
  targets: readonly StackTarget[],
): readonly StackBox[] {
  const stamp = `${run.startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const id = run.runId.slice(0, 8);
  return [...Map.groupBy(targets, ({ fileSystem }) => fileSystem).values()].map((group, index) => {
    const [first] = group;
    const box = join(first?.base ?? "/", frozenName(run.runId, stack, index));
    const swaps = group.map(({ item, path, how, wasThere }): PathSwap => {
      // Hidden, and never archived: it lies in the data.
      const inside = join(path, frozenName(run.runId, `before-${stamp}`, index));
      const aside = how === "content" ? inside : join(dirname(path), `${nameOf(path)}.before-${stamp}-${id}`);
      return { target: path, incoming: join(box, item.path), aside, how, wasThere };
    });
    return { path: box, swaps, members: group.map(({ item }) => item.path.slice(1)) };
  });
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
