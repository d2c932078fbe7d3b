import { describe, expect, test } from "bun:test";
import { planStop } from "#lib/core/stop-plan.ts";
import { fakeContainer } from "#test/support/fake-docker.ts";

const namesOf = (plan: ReturnType<typeof planStop>) => plan.record?.containers.map(({ name }) => name) ?? [];

describe("planStop()", () => {
  test.each([
    ["running", ["web"]],
    ["restarting", ["web"]],
    ["exited", []],
    ["created", []],
    ["dead", []],
    ["paused", []],
  ] as const)("stops of what is %s: %p", (state, names) => {
    expect(namesOf(planStop([fakeContainer("web", { state })], "stop"))).toEqual([...names]);
  });

  test("has nothing to record when nothing runs", () => {
    expect(planStop([fakeContainer("web", { state: "exited" })], "stop")).toEqual({
      record: undefined,
      notes: [],
    });
    expect(planStop([], "down")).toEqual({ record: undefined, notes: [] });
  });

  test("records what is needed to start it again, in the order of the start", () => {
    const db = fakeContainer("z-db", { health: "healthy", stopTimeoutMs: 60_000, restartPolicy: "always" });
    const web = fakeContainer("web", { dependsOn: [{ service: "z-db", condition: "service_healthy" }] });
    expect(planStop([web, db], "down").record).toMatchObject({
      project: "shop",
      directory: "/stacks/shop",
      configFiles: ["/stacks/shop/compose.yaml"],
      how: "down",
      containers: [
        {
          id: "id-z-db",
          wasHealthy: true,
          wasRestarting: false,
          stopTimeoutMs: 60_000,
          restartPolicy: "always",
        },
        { id: "id-web", wasHealthy: false, dependsOn: [{ service: "z-db", condition: "service_healthy" }] },
      ],
    });
  });

  test("records that a container was being restarted, and cannot pause such a one", () => {
    const flapping = fakeContainer("web", { state: "restarting", health: "unhealthy" });
    expect(planStop([flapping], "stop").record?.containers).toMatchObject([
      { wasRestarting: true, wasHealthy: false },
    ]);
    expect(planStop([flapping], "pause").record).toBeUndefined();
  });

  test.each([
    [1, 59, true],
    [1, 61, false],
    [0, 1, false],
  ])(
    "after %p restarts and %p s of running records that it ends again and again: %p",
    (restartCount, seconds, wasRestarting) => {
      const startedAt = "2026-11-21T01:00:00Z";
      const now = new Date(Date.parse(startedAt) + seconds * 1000);
      const web = fakeContainer("web", { restartCount, startedAt });
      expect(planStop([web], "stop", now).record?.containers).toMatchObject([{ wasRestarting }]);
      expect(planStop([web], "stop").record?.containers).toMatchObject([{ wasRestarting: false }]);
    },
  );

  test.each([
    [{ labels: { "lastgood.stop": "false" } }, "its label lastgood.stop=false says so"],
    [{ labels: { "lastgood.skip": "yes" } }, "its label lastgood.skip says so"],
    [{ labels: { "lastgood.dump": "postgres" } }, "it is dumped while it runs (label lastgood.dump)"],
    [{ isOneOff: true }, "it was started by docker compose run"],
    [{ isAutoRemoved: true }, "docker would remove it when it stops"],
  ] as const)("lets run: %p", (change, reason) => {
    const plan = planStop([fakeContainer("web"), fakeContainer("kept", change)], "stop");
    expect(namesOf(plan)).toEqual(["web"]);
    expect(plan.notes).toEqual([`Container "kept" runs on: ${reason}`]);
  });

  test.each([{ "lastgood.stop": "true" }, { "lastgood.skip": "false" }, { "lastgood.dump": "" }])(
    "stops one whose label is %p",
    (labels: Readonly<Record<string, string>>) => {
      expect(namesOf(planStop([fakeContainer("web", { labels })], "stop"))).toEqual(["web"]);
    },
  );

  test("stops what lives in the network of a stopped one, whatever its label says, but does not pause it", () => {
    const labels = { "lastgood.stop": "false" };
    const containers = [fakeContainer("vpn"), fakeContainer("app", { networkOwner: "id-vpn", labels })];
    const plan = planStop(containers, "stop");
    expect(namesOf(plan)).toEqual(["vpn", "app"]);
    expect(plan.notes).toEqual([
      'Container "app" is stopped although its label lastgood.stop=false says so: it lives in the network of one that is stopped',
    ]);
    expect(namesOf(planStop(containers, "pause"))).toEqual(["vpn"]);
  });

  test("never stops what docker would remove, not even in the network of a stopped one", () => {
    const removed = fakeContainer("job", { networkOwner: "id-vpn", isAutoRemoved: true });
    expect(namesOf(planStop([fakeContainer("vpn"), removed], "stop"))).toEqual(["vpn"]);
  });

  test("leaves what lives in the network of one that runs on", () => {
    const labels = { "lastgood.stop": "false" };
    const containers = [
      fakeContainer("vpn", { labels }),
      fakeContainer("app", { networkOwner: "id-vpn", labels }),
    ];
    expect(planStop(containers, "stop").record).toBeUndefined();
  });
});
