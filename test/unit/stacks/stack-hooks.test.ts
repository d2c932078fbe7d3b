import { describe, expect, test } from "bun:test";
import type { Container } from "#lib/core/containers.ts";
import { runPostHooks } from "#lib/stacks/stack-hooks.ts";
import { createFakeDocker, dockerRefuses, fakeContainer } from "#test/support/fake-docker.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const labels = { "lastgood.exec-post": "end" };

/** With what ran, and how often docker was asked for containers. */
async function endHooks(
  state: Container["state"],
  atQuestion: (asked: number) => Container["state"] | Error,
) {
  const fake = createFakeDocker([
    fakeContainer("db", { state, labels }),
    fakeContainer("web", { labels, project: "other" }),
  ]);
  const ran: string[] = [];
  let asked = 0;
  const { readContainers, run } = fake.docker;
  fake.break({
    readContainers: () => {
      asked += 1;
      const next = atQuestion(asked);
      if (next instanceof Error) return Promise.reject(next);
      fake.set("db", { state: next });
      return readContainers();
    },
    run: (target, ...rest) => {
      ran.push(target.name);
      return run(target, ...rest);
    },
  });
  const clock = createVirtualClock();
  const entry = { kind: "exec-post" as const, project: "shop", services: ["db", "gone"] };
  const ended = await clock.run(
    runPostHooks(fake.docker, entry, clock, 120_000).catch((error: unknown) => error),
  );
  return { ran, ended };
}

describe("runPostHooks()", () => {
  test("waits for an engine that is starting, then for the container that it starts", async () => {
    const { ran, ended } = await endHooks("exited", (asked) => {
      if (asked < 3) return dockerRefuses("list containers", "unreachable");
      return asked < 5 ? "exited" : "running";
    });
    expect({ ran, ended }).toEqual({ ran: ["db"], ended: [] });
  });

  test("is to be tried again when a container stays down that ran when the commands began", async () => {
    const { ran, ended } = await endHooks("exited", () => "exited");
    expect(ran).toEqual([]);
    expect(ended).toMatchObject({
      message: 'lastgood.exec-post of container "db" waits for it to run: it is exited',
      hint: "Start it, then run recover",
    });
  });
});
