import { expect, test } from "bun:test";
import type { Stage } from "#lib/core/stage.ts";
import type { Host } from "#lib/predeploy/host.ts";
import { runHost } from "#lib/predeploy/run-host.ts";
import { DbusError } from "#lib/tools/dbus-connection.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const stage: Stage = {
  ...{ label: "1", title: "All", units: [], except: [], jobs: [], commands: [], limit: undefined },
  ...{ timeoutMs: 60_000, policy: "counted", whenRunning: "skip", partialStatuses: [] },
};

test("runHost() reports what has run when systemd is lost before the next stage", async () => {
  const clock = createVirtualClock();
  const silent = () => undefined;
  // As much of a host as these stages use.
  const host = {
    context: {
      ...quietRun,
      deps: { clock },
      settings: { THRESHOLD_PERCENT: 50 },
      signal: new AbortController().signal,
    },
    target: { kind: "system" },
    manager: { find: () => Promise.reject(new DbusError("lost", "gone")) },
    durationsMs: new Map(),
    live: { began: silent, ended: silent, waits: silent },
  } as unknown as Host;
  const stages = [
    { ...stage, commands: [["true"] as const] },
    { ...stage, label: "2", units: ["a*.service"] },
  ];
  const { verdict, steps, findings } = await runHost(host, { preflight: [], stages });
  expect([verdict.outcome, verdict.reason]).toEqual(["failed", "Cannot reach systemd: gone"]);
  expect(steps.map(({ result }) => `${result.name} ${result.verdict}`)).toEqual(["true success"]);
  expect(findings.map(({ name, passed }) => [name, passed])).toEqual([["systemd", false]]);
});
