import { expect, test } from "bun:test";
import type { StagePolicy } from "#lib/core/stage.ts";
import { dryRunHost } from "#lib/predeploy/dry-run.ts";
import type { Host } from "#lib/predeploy/host.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

/** Of units `busy.service`, which runs already, and `free.service`. */
async function dryRun(...stages: readonly (readonly [StagePolicy, ...string[]])[]) {
  const rest = { loadState: "loaded", subState: "dead", job: undefined, canStart: true };
  const look = async (id: string) => ({
    ...rest,
    id,
    activeState: id === "busy.service" ? "activating" : "inactive",
  });
  const clock = createVirtualClock();
  // As much of a host as a dry run looks at.
  const host = {
    context: { ...quietRun, deps: { clock }, settings: {}, signal: new AbortController().signal },
    target: { kind: "system" },
    manager: { look },
  } as unknown as Host;
  const known = { title: "All", except: [], jobs: [], commands: [], whenRunning: "skip" } as const;
  const limits = { limit: undefined, timeoutMs: 1000, partialStatuses: [] };
  const plan = stages.map(([policy, ...units], at) => ({
    ...known,
    ...limits,
    ...{ label: String(at + 1), policy, units },
  }));
  const { verdict } = await clock.run(dryRunHost(host, { preflight: [], stages: plan }));
  return `${verdict.outcome}: ${verdict.reason}`;
}

const busy = "busy.service would not be started: already running";

test("dryRunHost() passes over a unit that runs already, but not where it is required, nor when nothing else is to run", async () => {
  const free = "free.service";
  expect(await dryRun(["counted", "busy.service", free])).toBe("complete: Would start 1 backup");
  expect(await dryRun(["required", "busy.service"], ["counted", free])).toBe(`failed: ${busy}`);
  expect(await dryRun(["counted", "busy.service"])).toBe("failed: No backup would be executed");
  expect(await dryRun(["counted", "busy.service"], ["warning", free])).toBe(
    "failed: No backup would be executed",
  );
  expect(await dryRun(["warning", free])).toBe("complete: Would start 1 backup");
});
