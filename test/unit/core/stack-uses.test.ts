import { describe, expect, test } from "bun:test";
import type { ComposeProject } from "#lib/core/compose-project.ts";
import type { Mount } from "#lib/core/containers.ts";
import { listUses } from "#lib/core/stack-uses.ts";
import { fakeContainer } from "#test/support/fake-docker.ts";

const skip = { "lastgood.skip": "true" };

function mount(change: Partial<Mount>): Mount {
  const plain = { type: "bind", source: "", destination: "/x", volumeName: undefined } as const;
  return { ...plain, isAnonymous: false, isReadOnly: false, ...change };
}

function project(change: Partial<ComposeProject>): ComposeProject {
  return { name: "shop", services: [], binds: [], volumes: [], files: [], buildContexts: [], ...change };
}

describe("listUses()", () => {
  test("joins what the compose file says and what containers have, each once", () => {
    const uses = listUses(
      project({
        binds: [
          { path: "/new", service: "web", isReadOnly: false },
          { path: "/both", service: "web", isReadOnly: true },
        ],
        volumes: [{ name: "theirs", isExternal: true, services: ["web"] }],
      }),
      [
        fakeContainer("web", {
          mounts: [
            mount({ source: "/both", isReadOnly: false }),
            mount({ source: "/old", isReadOnly: false }),
            mount({ source: "/old", isReadOnly: true }),
            mount({ type: "tmpfs" }),
            mount({ type: "volume", volumeName: "theirs" }),
            mount({ type: "volume", volumeName: "former" }),
            mount({ type: "volume", volumeName: "abc", isAnonymous: true, destination: "/var/lib/db" }),
          ],
        }),
      ],
    );
    expect(uses.binds).toEqual([
      { path: "/new", isReadOnly: false, isMounted: false },
      { path: "/both", isReadOnly: false, isMounted: true },
      { path: "/old", isReadOnly: false, isMounted: true },
    ]);
    expect([...uses.volumes]).toEqual([
      ["theirs", { title: "theirs", isExternal: true }],
      ["former", { title: "former", isExternal: false }],
      ["abc", { title: "web:/var/lib/db", isExternal: false }],
    ]);
  });

  test("leaves out what only skipped services use, by their files and by their containers", () => {
    const uses = listUses(
      project({
        services: [{ name: "cache", labels: skip, profiles: [] }],
        binds: [
          { path: "/cache", service: "cache", isReadOnly: false },
          { path: "/common", service: "cache", isReadOnly: false },
          { path: "/common", service: "web", isReadOnly: true },
        ],
        volumes: [
          { name: "cached", isExternal: false, services: ["cache"] },
          { name: "shared", isExternal: false, services: ["cache", "web"] },
          { name: "unused", isExternal: false, services: [] },
        ],
      }),
      [
        fakeContainer("cache", { mounts: [mount({ source: "/cache" })] }),
        fakeContainer("former", { labels: skip, mounts: [mount({ source: "/former" })] }),
      ],
    );
    expect(uses.binds).toEqual([{ path: "/common", isReadOnly: true, isMounted: false }]);
    expect([...uses.volumes.keys()]).toEqual(["shared", "unused"]);
  });

  test("goes by the containers alone when the compose file cannot be read", () => {
    const containers = [fakeContainer("web", { mounts: [mount({ source: "/data" })] })];
    expect(listUses(undefined, containers).binds).toEqual([
      { path: "/data", isReadOnly: false, isMounted: true },
    ]);
  });
});
