import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import type { Exec } from "#lib/core/deps.ts";
import type { CheckContext } from "#lib/core/health.ts";
import { gatherFacts, type KnownJob } from "#lib/health/gather-facts.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { jobView, now } from "#test/unit/health/job-view.ts";

const silent = () => undefined;
const log = { debug: silent, info: silent, warning: silent, error: silent };

test("gatherFacts() starts as many programs for fifty jobs as for one", async () => {
  await using sandbox = await createSandbox();
  const exec = createExec({ PATH: process.env["PATH"] ?? "" });
  const started = async (count: number): Promise<number> => {
    const jobs = Array.from({ length: count }, (_, index): KnownJob => {
      const directory = sandbox.path(`job${index}`);
      mkdirSync(directory, { recursive: true });
      const { settings, record } = jobView({ settings: { APP_DIR: directory, BACKUP_DIR: directory } });
      const config = `/etc/lastgood/job${index}.env`;
      return { name: `job${index}`, config, settings, record, problem: undefined };
    });
    let programs = 0;
    const counting: Exec = (command, options) => {
      programs += 1;
      return exec(command, options);
    };
    const deps = {
      exec: counting,
      clock: systemClock,
      http: () => Promise.reject(new Error("no network here")),
      newId: () => "id",
    };
    const context: CheckContext<KnownJob["settings"]> = {
      ...{ deps, log, now, jobs, isRoot: true, isDeep: false, isWholeMachine: true },
      ...{
        host: { name: "web1", machineId: "m" },
        signal: new AbortController().signal,
        childEnvironment: {},
      },
    };
    const facts = await gatherFacts(context, jobs);
    for (const { settings } of jobs) expect(facts.space.has(settings.BACKUP_DIR)).toBe(true);
    return programs;
  };
  // The schedule is this machine's own: who changes it meanwhile makes a question be asked again, file by file.
  const leastStarted = async (count: number) =>
    Math.min(await started(count), await started(count), await started(count));
  const ofOne = await leastStarted(1);
  expect(await leastStarted(50)).toBe(ofOne);
  // Paths, space, three programs; the zone and what it is written in; the schedule's places, its files and links twice, homes, units of users, calendars.
  expect(ofOne).toBeLessThanOrEqual(20);
});
