import { describe, expect, test } from "bun:test";
import { parseContainer } from "#lib/core/containers.ts";

const labels = {
  "com.docker.compose.project": "shop",
  "com.docker.compose.service": "web",
  "com.docker.compose.project.working_dir": "/opt/stacks/my shop",
  "com.docker.compose.project.config_files": "/opt/stacks/my shop/compose.yaml,more.yaml",
  "com.docker.compose.project.environment_file": "prod.env",
  "com.docker.compose.depends_on": "db:service_healthy:false,job:service_completed_successfully,cache",
  "com.docker.compose.oneoff": "False",
};

function parse(change: object = {}) {
  const raw = {
    id: "a1",
    name: "/shop-web-1",
    restartCount: 0,
    state: "running",
    exitCode: 0,
    startedAt: "2026-11-21T08:25:44.7Z",
    health: null,
    networkMode: "shop_default",
    restartPolicy: "",
    isAutoRemoved: false,
    stopTimeout: null,
    labels,
    mounts: null,
  };
  return parseContainer(JSON.stringify({ ...raw, ...change }));
}

describe("parseContainer()", () => {
  test("reads what compose wrote into the labels, paths relative to where it was", () => {
    expect(parse()).toMatchObject({
      name: "shop-web-1",
      project: "shop",
      service: "web",
      workingDir: "/opt/stacks/my shop",
      configFiles: ["/opt/stacks/my shop/compose.yaml", "/opt/stacks/my shop/more.yaml"],
      environmentFiles: ["/opt/stacks/my shop/prod.env"],
      isOneOff: false,
      dependsOn: [
        { service: "db", condition: "service_healthy" },
        { service: "job", condition: "service_completed_successfully" },
        { service: "cache", condition: "service_started" },
      ],
    });
  });

  test("has docker's own defaults where nothing was set", () => {
    expect(parse()).toMatchObject({
      restartPolicy: "no",
      stopTimeoutMs: 10_000,
      health: undefined,
      mounts: [],
    });
    expect(parse({ stopTimeout: 0 }).stopTimeoutMs).toBe(0);
    expect(parse({ stopTimeout: -1 }).stopTimeoutMs).toBe(600_000);
  });

  test("knows nothing of a deployment that was read from standard input, or has no labels", () => {
    expect(
      parse({ labels: { ...labels, "com.docker.compose.project.config_files": "-" } }).configFiles,
    ).toEqual([]);
    expect(parse({ labels: null })).toMatchObject({ project: "", workingDir: undefined, dependsOn: [] });
  });

  test.each([
    ["True", true],
    ["False", false],
  ])("takes oneoff=%s for %p", (text, isOneOff) => {
    expect(parse({ labels: { ...labels, "com.docker.compose.oneoff": text } }).isOneOff).toBe(isOneOff);
  });

  test("calls a state unknown that docker does not have today", () => {
    expect(parse({ state: "hibernating" }).state).toBe("unknown");
  });

  test.each([
    ["none", undefined],
    ["healthy", "healthy"],
    ["starting", "starting"],
    ["unhealthy", "unhealthy"],
  ] as const)("reads the health %s", (word, health) => {
    expect(parse({ health: word }).health).toBe(health);
  });

  test("says in whose network it lives", () => {
    expect(parse({ networkMode: "container:b2" }).networkOwner).toBe("b2");
    expect(parse().networkOwner).toBeUndefined();
  });

  test("tells a volume that nobody named from others", () => {
    const anonymous = "0123456789abcdef".repeat(4);
    const mounts = [
      { Type: "volume", Name: anonymous, Source: "/v/a/_data", Destination: "/a", RW: true },
      { Type: "volume", Name: "data", Source: "/v/data/_data", Destination: "/b", RW: false },
      { Type: "npipe", Source: "x", Destination: "/c" },
    ];
    expect(parse({ mounts }).mounts).toMatchObject([
      { type: "volume", isAnonymous: true, isReadOnly: false },
      { type: "volume", volumeName: "data", isAnonymous: false, isReadOnly: true },
      { type: "other", volumeName: undefined },
    ]);
  });

  test("throws for what docker does not print", () => {
    expect(() => parseContainer("<no value>")).toThrow(SyntaxError);
    expect(() => parse({ name: 7 })).toThrow("expected string");
  });
});
