import { describe, expect, test } from "bun:test";
import { type Container, parseContainer } from "#lib/core/containers.ts";
import { judgeOccupants } from "#lib/core/stack-occupants.ts";

const target = "/srv/shop";

function container(name: string, source: string, more: Partial<Container> = {}): Container {
  const raw = {
    id: name,
    name: `/${name}`,
    restartCount: 0,
    state: "running",
    exitCode: 0,
    startedAt: "2026-01-01T00:00:00Z",
    health: null,
    networkMode: "bridge",
    restartPolicy: "no",
    isAutoRemoved: false,
    stopTimeout: null,
    labels: { "lastgood.stop": "false", "com.docker.compose.project": "shop" },
    mounts: [{ Type: "bind", Source: source, Destination: "/x" }],
  };
  return { ...parseContainer(JSON.stringify(raw)), ...more };
}

const judge = (own: readonly Container[], others: readonly Container[] = []) =>
  judgeOccupants({ own, all: [...own, ...others], targets: [target], resolve: (source) => source });

describe("judgeOccupants()", () => {
  test("stops what uses the data whatever its labels say, and leaves their word to the others", () => {
    const own = [
      container("in", "/srv/shop/web"),
      container("above", "/srv"),
      container("out", "/srv/shopping"),
    ];
    const { containers, problems } = judge(own);
    expect(problems).toEqual([]);
    expect(containers.map(({ labels }) => labels["lastgood.stop"])).toEqual([undefined, undefined, "false"]);
  });

  test.each([
    ["of another stack", {}, false, 'belongs to stack "shop": stop it first'],
    ["that is paused", { state: "paused" }, true, "is paused"],
    ["of docker compose run", { isOneOff: true }, true, "docker compose run"],
    ["that goes when it stops", { isAutoRemoved: true }, true, "docker would remove it"],
    ["that is dumped while it runs", { labels: { "lastgood.dump": "postgres" } }, true, "load its dump"],
  ] as const)("refuses while a container %s has them", (_name, more, isOwn, words) => {
    const one = container("one", "/srv/shop/db", more);
    const { problems } = isOwn ? judge([one]) : judge([], [one]);
    expect(problems).toEqual([expect.stringContaining(words)]);
    const elsewhere = { ...one, mounts: [] };
    expect((isOwn ? judge([elsewhere]) : judge([], [elsewhere])).problems).toEqual([]);
    const exited: Container = { ...one, state: "exited" };
    expect((isOwn ? judge([exited]) : judge([], [exited])).problems).toEqual([]);
  });
});
