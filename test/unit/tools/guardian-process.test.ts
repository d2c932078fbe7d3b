import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { kill } from "node:process";
import { startGuardian } from "#lib/tools/guardian-process.ts";
import { findMarkedProcesses, guardianMark } from "#lib/tools/processes.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

test("a guardian that is dismissed leaves without recovering", async () => {
  await using sandbox = await createSandbox();
  const id = randomUUID();
  const guardian = startGuardian({
    recovery: ["touch", sandbox.path("recovered")],
    env: { ...sandbox.environment, [guardianMark]: id },
    onReplaced: () => undefined,
  });
  await waitFor(async () => (await findMarkedProcesses(guardianMark, id)).length === 1, {
    what: "the guardian",
  });
  await guardian.dismiss();
  expect(await findMarkedProcesses(guardianMark, id)).toEqual([]);
  expect(existsSync(sandbox.path("recovered"))).toBe(false);
});

test("a guardian that is killed is replaced, and its successor still obeys", async () => {
  await using sandbox = await createSandbox();
  const id = randomUUID();
  const replaced = Promise.withResolvers<void>();
  const guardian = startGuardian({
    recovery: ["touch", sandbox.path("recovered")],
    env: { ...sandbox.environment, [guardianMark]: id },
    onReplaced: () => replaced.resolve(),
  });
  const [first] = await waitFor(
    async () => {
      const pids = await findMarkedProcesses(guardianMark, id);
      return pids.length === 1 && pids;
    },
    { what: "the guardian" },
  );
  kill(first!, "SIGKILL");
  await replaced.promise;
  await waitFor(async () => (await findMarkedProcesses(guardianMark, id)).length === 1, {
    what: "its successor",
  });
  await guardian.dismiss();
  expect(await findMarkedProcesses(guardianMark, id)).toEqual([]);
  expect(existsSync(sandbox.path("recovered"))).toBe(false);
});

test("a guardian that cannot live is replaced a few times and no more, and its dismissal does not wait for it", async () => {
  await using sandbox = await createSandbox();
  const id = randomUUID();
  let replaced = 0;
  const guardian = startGuardian({
    recovery: ["true"],
    env: { ...sandbox.environment, [guardianMark]: id },
    onReplaced: () => {
      replaced += 1;
    },
  });
  const killed = new Set<number>();
  for (let death = 1; death <= 6; death += 1) {
    const pid = await waitFor(
      async () => (await findMarkedProcesses(guardianMark, id)).find((one) => !killed.has(one)),
      { what: `guardian ${death}` },
    );
    killed.add(pid);
    kill(pid, "SIGKILL");
    if (death < 6) await waitFor(() => replaced === death, { what: "its successor" });
  }
  await waitFor(async () => (await findMarkedProcesses(guardianMark, id)).length === 0, {
    what: "the end of the last one",
  });
  await guardian.dismiss();
  expect(replaced).toBe(5);
});

test.each([...runtimes])("a guardian recovers when the run is killed with -9 (%s)", async (runtime) => {
  await using sandbox = await createSandbox();
  const running = sandbox.start(runtime, "test/support/watched.ts", [sandbox.path("recovered")]);
  await waitFor(() => running.stdout === "ready", { what: "the watched process" });
  running.kill("SIGKILL");
  await waitFor(() => existsSync(sandbox.path("recovered")), { what: "the recovery" });
});
