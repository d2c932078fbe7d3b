/** Whatever ends `restore --in-place`, at whatever moment: the live directory is wholly old or wholly new, and the next command says which. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compareTrees, describeTree, type Tree } from "#test/support/compare-trees.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";
const isWhole = process.env.LASTGOOD_FAULT === "whole";
const randomMoments = isWhole ? 100 : 3;
const signals = ["SIGKILL", "SIGTERM"] as const;

interface World {
  readonly job: TestJob;
  readonly old: Tree;
  readonly restored: Tree;
}

/** A set of the application, which has changed since. */
async function createWorld(sandbox: Sandbox): Promise<World> {
  const job = await createJob(sandbox);
  for (let index = 0; index < 300; index += 1)
    await sandbox.write(`srv/app/many/${index}`, `${index}\n`.repeat(50));
  const restored = describeTree(job.app);
  expect(await sandbox.run("bun", "scripts/backup-run.ts", ["-c", job.config])).toMatchObject({
    exitCode: 0,
  });
  writeFileSync(`${job.app}/index.php`, "changed\n");
  await sandbox.write("srv/app/new", "new\n");
  return { job, old: describeTree(job.app), restored };
}

const isAlike = (a: Tree, b: Tree) => compareTrees(a, b, { ignore: (path) => path === "" }).length === 0;

/** Once nothing of the run is left to do anything: which of the two there is. */
async function settle(sandbox: Sandbox, { job, old, restored }: World): Promise<"old" | "new"> {
  await waitFor(() => !existsSync(job.journal), { what: "the recovery", timeoutMs: 30_000 });
  const now = describeTree(job.app);
  const [isOld, isNew] = [isAlike(now, old), isAlike(now, restored)];
  expect([isOld, isNew]).toContain(true);
  const beside = readdirSync(dirname(job.app)).filter((name) => name !== "app");
  expect(beside.filter((name) => name.startsWith("."))).toEqual([]);
  const kept = beside.filter((name) => name.startsWith("app.before-"));
  expect(beside).toEqual(kept);
  expect(kept.length).toBe(isNew ? 1 : 0);
  if (kept[0] !== undefined) expect(isAlike(describeTree(sandbox.path("srv", kept[0])), old)).toBe(true);
  return isNew ? "new" : "old";
}

const args = ({ job }: World) => ["restore", "latest", "--in-place", "--yes", "--trust", "-c", job.config];

/** A program of the restore that, the nth time, sends its parent a signal before or after it did its work. */
async function arm(
  sandbox: Sandbox,
  program: string,
  turn: number,
  when: "before" | "after",
  signal: string,
) {
  const counter = sandbox.path("turns");
  const strike = `kill -${signal.slice(3)} "$PPID"; [ ${signal} = SIGKILL ] && sleep 1`;
  await sandbox.fake(
    program,
    [
      "#!/bin/bash",
      `echo x >>'${counter}'; n=$(wc -l <'${counter}')`,
      `if [ "$n" = ${turn} ] && [ ${when} = before ]; then ${strike}; fi`,
      `/usr/bin/env PATH=/usr/bin:/bin ${program} "$@"; s=$?`,
      `if [ "$n" = ${turn} ] && [ ${when} = after ]; then ${strike}; fi`,
      "exit $s",
    ].join("\n"),
  );
}

/** tar, the sync of what came, the two renames, the sync of the names. */
const boundaries = [
  ["tar", 1],
  ["sync", 1],
  ["mv", 1],
  ["mv", 2],
] as const;

describe.each(runtimes)("restore --in-place on %s", (runtime) => {
  const cases = signals.flatMap((signal) =>
    boundaries.flatMap(([program, turn]) =>
      (["before", "after"] as const).map((when) => [signal, when, program, turn] as const),
    ),
  );
  const isSampled = (index: number) => (runtime === "bun" ? index < 8 || index % 4 === 1 : index % 8 === 5);
  const sampled = isWhole ? cases : cases.filter((_, index) => isSampled(index));

  test.each(sampled)(
    "%s %s %s (%i): old or new as a whole, and the next command says which",
    async (signal, when, program, turn) => {
      await using sandbox = await createSandbox();
      const world = await createWorld(sandbox);
      await arm(sandbox, program, turn, when, signal);
      const ended = await sandbox.run(runtime, script, args(world));
      const found = await settle(sandbox, world);
      if (signal === "SIGTERM") expect(ended.exitCode).toBe(143);
      else expect(ended.signal).toBe("SIGKILL");
      // A signal that can be caught may be noticed a step later.
      if (signal === "SIGKILL" && (program === "tar" || (program === "mv" && turn === 1)))
        expect(found).toBe("old");
      if (program === "mv" && turn === 2 && when === "after") expect(found).toBe("new");
      const log = readFileSync(world.job.logFile, "utf8");
      expect(log).toMatch(signal === "SIGKILL" ? /died without an ending/ : /Stopped by SIGTERM/);
      const again = await sandbox.run(runtime, script, args(world));
      expect(again).toMatchObject({ exitCode: 0 });
      expect(isAlike(describeTree(world.job.app), world.restored)).toBe(true);
    },
    60_000,
  );

  test(`survives SIGKILL at ${randomMoments} random moments`, async () => {
    const seen = new Set<string>();
    for (let index = 0; index < randomMoments; index += 1) {
      await using sandbox = await createSandbox();
      const world = await createWorld(sandbox);
      const running = sandbox.start(runtime, script, args(world));
      await sleep(50 + Math.random() * 500);
      running.kill("SIGKILL");
      await running.exited;
      seen.add(await settle(sandbox, world));
    }
    expect(seen.size).toBeGreaterThan(0);
  }, 600_000);
});
