/** A restore of a stack in words: before it is done, and how to go back afterwards. */
import { countNoun } from "#lib/core/count-noun.ts";
import type { Component } from "#lib/core/manifest.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { formatBytes } from "#lib/core/size.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { PathSwap } from "#lib/core/undo.ts";
import type { StackPlan } from "#lib/restore/plan-stack.ts";
import { isTrusted } from "#lib/restore/trust.ts";
import { bringUpCommand } from "#lib/stacks/bring-up.ts";

export function describeStackPlan(plan: StackPlan): readonly string[] {
  const { context, copies, component, facts, targets, absentVolumes, stopped, isDeployed, notes } = plan;
  const [{ manifest, place }] = copies;
  const swaps = plan.boxes.flatMap((box) => box.swaps);
  const services = stopped?.record.containers.map(({ name }) => name).join(", ");
  return [
    `Set ${stampOf(manifest)} of ${manifest.host.name}/${manifest.job} (${manifest.outcome}) from ${place.name}`,
    `Stack "${facts.stack}" becomes what it was then: ${formatBytes(component.bytesIn)}`,
    ...describeLack(component),
    ...targets.map(({ item, path, how, wasThere }) => {
      const name = item.name === path ? path : `${path} (${item.name})`;
      if (!wasThere) return `  ${name}: not there now`;
      const kept = swaps.find(({ target }) => target === path)?.aside;
      if (how === "content") return `  ${name}: a mount point; what is in it now is kept in ${kept}`;
      return `  ${name}: what is there now is kept as ${kept}`;
    }),
    ...absentVolumes.map((name) => `  Volume "${name}" is made by docker`),
    ...(isTrusted(context, manifest)
      ? []
      : ["It is no set of this host: with devices or set-id bits it is refused (--trust)"]),
    ...notes,
    stopped === undefined
      ? whenIdle(facts.directory, isDeployed)
      : `Stopped meanwhile, and started again: ${services}`,
  ].map(showName);
}

/** A line for a shell for each path; undefined when there is nothing to go back to. */
export function describeWayBack(swaps: readonly PathSwap[]): readonly string[] {
  return swaps
    .filter(({ wasThere }) => wasThere)
    .map(({ target, aside, how }) => {
      if (how === "name") return describeNameBack({ target, aside });
      return `# what was in ${quoteForShell(target)} is in ${quoteForShell(aside)}`;
    });
}

/** For a shell. */
export function describeNameBack({ target, aside }: Pick<PathSwap, "target" | "aside">): string {
  const [to, from] = [quoteForShell(target), quoteForShell(aside)];
  return `mv -T ${to} ${quoteForShell(`${target}.restored`)} && mv -T ${from} ${to}`;
}

/** What was not read when the set was made is not in what takes its place. */
function describeLack({ outcome, doubts, members }: Component): readonly string[] {
  if (outcome === "complete") return [];
  const { count = 0, names = [] } = members?.unreadable ?? {};
  const unreadable =
    count === 0 ? [] : [`${countNoun(count, "file")} could not be read, such as ${names[0]}`];
  return [["The archive is not whole", ...unreadable, ...doubts].join("; ")];
}

function whenIdle(directory: string, isDeployed: boolean): string {
  return isDeployed
    ? "It does not run, and is not started"
    : `It is not deployed here: afterwards bring it up by ${bringUpCommand(directory)}, or give --start`;
}
