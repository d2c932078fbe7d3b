/** A stack's files as they were, beside those in use: on their file systems, whole and on the medium. */
import { dirname } from "node:path";
import type { Manifest } from "#lib/core/manifest.ts";
import type { PathSwap } from "#lib/core/undo.ts";
import { ask } from "#lib/preflight/ask-file-system.ts";
import { limitsOf } from "#lib/restore/places.ts";
import type { StackPlan } from "#lib/restore/plan-stack.ts";
import { extractTree } from "#lib/restore/restore-part.ts";
import { askerOf, syncTree } from "#lib/restore/target-directory.ts";
import { isTrusted, refuseUnlessWhole } from "#lib/restore/trust.ts";
import { runStep } from "#lib/stores/path-steps.ts";

/** What there is to swap then. Throws OpsError "failed" unless everything is there as it was written. */
export async function fillBoxes(
  { context, boxes, component, targets }: StackPlan,
  from: string,
  manifest: Manifest,
): Promise<readonly PathSwap[]> {
  const access = { exec: context.deps.exec, timeoutMs: limitsOf(context).fsTimeoutMs };
  const swaps: PathSwap[] = [];
  for (const box of boxes) {
    context.progress.begin(`restore ${component.name}`, component.bytesIn);
    const request = { from, paths: box.members, isTrusted: isTrusted(context, manifest) };
    const tree = await extractTree(context, component, box.path, request).finally(context.progress.end);
    refuseUnlessWhole([...tree.problems, ...tree.missing.map((path) => `the archive has no "/${path}"`)]);
    await syncTree(context, box.path);
    swaps.push(...box.swaps);
  }
  const defining = new Set(targets.filter(({ item }) => item.kind === "definition").map(({ path }) => path));
  const needed: PathSwap[] = [];
  for (const swap of swaps) {
    const isSame = defining.has(swap.target) && (await isAlike(context, swap));
    if (isSame) continue;
    needed.push(swap);
    const above = dirname(swap.target);
    if (!swap.wasThere) await runStep(["mkdir", "--parents", "--", above], `create "${above}"`, access);
  }
  return needed;
}

/** A compose file that nobody has touched stays: a copy of it beside it would only puzzle. */
async function isAlike(context: StackPlan["context"], { target, incoming }: PathSwap): Promise<boolean> {
  const facts = await ask(askerOf(context), ["stat", "--format=%F %a %u %g", "--", target, incoming]);
  const [one, other] = facts.ok ? facts.value.split("\n") : [];
  if (one === undefined || one !== other || !one.startsWith("regular")) return false;
  return (await ask(askerOf(context), ["cmp", "--silent", "--", target, incoming])).ok;
}
