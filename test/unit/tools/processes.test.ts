import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { endMarkedProcesses } from "#lib/tools/process-group.ts";
import { findMarkedProcesses, hasLivingMember, runMark } from "#lib/tools/processes.ts";
import { waitFor } from "#test/support/wait-for.ts";

function marked(id: string, script = "sleep 1000"): ReturnType<typeof spawn> {
  return spawn("sh", ["-c", `${script} & wait`], {
    env: { PATH: process.env.PATH, [runMark]: id },
    stdio: "ignore",
  });
}

test("findMarkedProcesses() finds a run's children and grandchildren, and nobody else's", async () => {
  const [id, other] = [randomUUID(), randomUUID()];
  const [mine, theirs] = [marked(id), marked(other)];
  const found = await waitFor(
    async () => (await findMarkedProcesses(runMark, id)).length === 2 && findMarkedProcesses(runMark, id),
    {
      what: "two marked processes",
    },
  );
  expect(found).toContain(mine.pid ?? -1);
  expect(found).not.toContain(theirs.pid ?? -1);
  expect(await findMarkedProcesses(runMark, id.slice(0, -1))).toEqual([]);
  await endMarkedProcesses(id);
  await endMarkedProcesses(other);
});

test("endMarkedProcesses() ends orphans whose parent is gone, and those that ignore TERM", async () => {
  const id = randomUUID();
  const parent = marked(id, `sh -c 'trap "" TERM; while :; do sleep 0.05; done'`);
  await waitFor(async () => (await findMarkedProcesses(runMark, id)).length >= 3, { what: "the tree" });
  parent.kill("SIGKILL");
  expect(await endMarkedProcesses(id, { graceMs: 200, killWaitMs: 5000 })).toBe(true);
  expect(await findMarkedProcesses(runMark, id)).toEqual([]);
});

test("endMarkedProcesses() is true when there is nobody to end", async () => {
  expect(await endMarkedProcesses(randomUUID())).toBe(true);
});

test("hasLivingMember() sees a group, and not one whose members have ended", async () => {
  const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  const pid = child.pid ?? 0;
  expect(await hasLivingMember(pid)).toBe(true);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  expect(await hasLivingMember(pid)).toBe(false);
});
