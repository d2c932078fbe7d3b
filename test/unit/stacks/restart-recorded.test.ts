import { describe, expect, test } from "bun:test";
import type { OpsError } from "#lib/core/ops-error.ts";
import { restartRecorded } from "#lib/stacks/restart-recorded.ts";
import { defaultStartOptions } from "#lib/stacks/start-stack.ts";
import {
  createFakeDocker,
  dockerRefuses,
  type FakeDocker,
  fakeContainer,
  stoppedStack,
} from "#test/support/fake-docker.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const exited = { state: "exited", exitCode: 137 } as const;

function restart(fake: FakeDocker, stopped = stoppedStack(["db", "web"])) {
  const clock = createVirtualClock();
  return clock.run(restartRecorded(stopped, { docker: fake.docker, clock, start: defaultStartOptions }));
}

describe("restartRecorded()", () => {
  test("starts what ran, and nothing else", async () => {
    const fake = createFakeDocker([
      fakeContainer("web", exited),
      fakeContainer("db", exited),
      fakeContainer("migrate", exited),
    ]);
    expect(await restart(fake)).toEqual(['Stack "shop" runs as before: db, web']);
    expect(new Set(fake.calls)).toEqual(new Set(["start web", "start db"]));
    expect(fake.stateOf("migrate")).toBe("exited");
  });

  test.each(["stop", "down"] as const)(
    "first lets a %s end that the engine is still about: what runs at the moment may not for long",
    async (how) => {
      const fake = createFakeDocker([fakeContainer("web", exited), fakeContainer("db")]);
      await restart(fake, stoppedStack(["db", "web"], how));
      expect(fake.calls.indexOf("stop db")).toBeGreaterThanOrEqual(0);
      expect(fake.calls.indexOf("start db")).toBeGreaterThan(fake.calls.indexOf("stop db"));
    },
  );

  test("does not stop what somebody has started since", async () => {
    const fake = createFakeDocker([
      fakeContainer("web", exited),
      fakeContainer("db", { startedAt: "2026-11-21T02:00:00Z" }),
    ]);
    await restart(fake);
    expect(fake.calls).toEqual(["start web"]);
  });

  test("stops nothing of a stack that was paused, and lets it go on", async () => {
    const fake = createFakeDocker([fakeContainer("web", { state: "paused" }), fakeContainer("db")]);
    await restart(fake, stoppedStack(["db", "web"], "pause"));
    expect(fake.calls).toEqual(["unpause web"]);
  });

  test("is safe to repeat", async () => {
    const fake = createFakeDocker([fakeContainer("web", exited), fakeContainer("db", exited)]);
    await restart(fake);
    const before = [...fake.calls];
    await restart(fake);
    expect(fake.calls).toEqual(before);
  });

  test("refuses to call it well when it does not run, and says what a person can do", async () => {
    const fake = createFakeDocker([fakeContainer("web", exited), fakeContainer("db", exited)]);
    fake.break({ start: () => Promise.reject(dockerRefuses("start it")) });
    const error = await restart(fake).then(
      () => undefined,
      (reason: OpsError) => reason,
    );
    expect(error?.message).toContain('Stack "shop" does not run after 3 attempts');
    expect(error?.hint).toBe("Start it by hand: docker start db web");
  });

  test("waits for an engine that does not answer yet", async () => {
    const fake = createFakeDocker([fakeContainer("web", exited)]);
    const { inspectContainers } = fake.docker;
    let asked = 0;
    fake.break({
      inspectContainers: async (ids) => {
        asked += 1;
        if (asked < 5) throw dockerRefuses("ask", "unreachable");
        return inspectContainers(ids);
      },
    });
    expect(await restart(fake, stoppedStack(["web"]))).toEqual(['Stack "shop" runs as before: web']);
  });
});
