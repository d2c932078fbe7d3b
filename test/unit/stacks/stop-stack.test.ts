import { describe, expect, test } from "bun:test";
import type { StackRecord } from "#lib/core/stack-record.ts";
import { requireStopped, stopStack } from "#lib/stacks/stop-stack.ts";
import { createFakeDocker, dockerRefuses, fakeContainer, stoppedStack } from "#test/support/fake-docker.ts";

function chain(how: StackRecord["how"]): StackRecord {
  const { record } = stoppedStack(["db", "web"], how);
  const [db, web] = record.containers;
  if (db === undefined || web === undefined) throw new Error("Two containers are recorded");
  return {
    ...record,
    containers: [db, { ...web, dependsOn: [{ service: "db", condition: "service_started" }] }],
  };
}

const running = () => createFakeDocker([fakeContainer("db"), fakeContainer("web"), fakeContainer("other")]);

describe("stopStack()", () => {
  test.each([
    ["stop", ["stop web", "stop db"]],
    ["pause", ["pause web", "pause db"]],
    ["down", ["down"]],
  ] as const)(
    "by %s ends what depends on others before them, and touches nothing else",
    async (how, calls) => {
      const fake = running();
      await stopStack(fake.docker, chain(how));
      expect(fake.calls).toEqual([...calls]);
    },
  );

  test("gives compose the time of all levels together to take a stack down", async () => {
    const fake = running();
    const times: number[] = [];
    fake.break({ down: async (_location, stopTimeoutMs) => void times.push(stopTimeoutMs) });
    await stopStack(fake.docker, chain("down")).catch(() => undefined);
    expect(times).toEqual([20_000]);
  });

  test("stops nothing more once docker refuses", async () => {
    const fake = running();
    fake.break({ stop: () => Promise.reject(dockerRefuses('stop "web"')) });
    await expect(stopStack(fake.docker, chain("stop"))).rejects.toThrow(
      'Cannot stop "web": the engine says no',
    );
    expect(fake.stateOf("db")).toBe("running");
  });
});

describe("requireStopped()", () => {
  test("is content when all has stopped, whatever else runs", async () => {
    const fake = running();
    await stopStack(fake.docker, chain("stop"));
    await requireStopped(fake.docker, chain("stop"));
    expect(fake.stateOf("other")).toBe("running");
  });

  test("does not believe that all is stopped while something runs", async () => {
    const fake = running();
    await stopStack(fake.docker, chain("stop"));
    // The database was started again by somebody while the rest was being stopped.
    fake.set("db", { state: "restarting" });
    const asking = requireStopped(fake.docker, chain("stop"));
    await expect(asking).rejects.toThrow('Cannot stop stack "shop": container "db" is restarting');
  });
});
