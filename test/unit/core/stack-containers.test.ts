import { describe, expect, test } from "bun:test";
import { findDeployed, findNamed, listDeployed } from "#lib/core/stack-containers.ts";
import type { ResolvedPath } from "#lib/core/stack-data.ts";
import { fakeContainer } from "#test/support/fake-docker.ts";

const idsOf = (containers: readonly { readonly id: string }[]) => containers.map(({ id }) => id);

describe("findDeployed()", () => {
  test("takes the whole project that was made in the directory, by any of its names", () => {
    const containers = [
      fakeContainer("web"),
      fakeContainer("elsewhere", { workingDir: "/other" }),
      fakeContainer("alien", { project: "alien", workingDir: "/other" }),
    ];
    expect(idsOf(findDeployed(["/link", "/stacks/shop"], containers))).toEqual(["id-web", "id-elsewhere"]);
    expect(findDeployed(["/stacks"], containers)).toEqual([]);
  });

  test("does not take docker compose run for a deployment", () => {
    expect(findDeployed(["/stacks/shop"], [fakeContainer("tool", { isOneOff: true })])).toEqual([]);
  });
});

describe("listDeployed()", () => {
  const deployed = (project: string, state: "running" | "exited") =>
    fakeContainer(`${project}-web`, { project, state });

  test("names every project of a directory, those that run before what is left of others", () => {
    const containers = [
      deployed("blue", "exited"),
      deployed("green", "running"),
      deployed("amber", "running"),
      fakeContainer("tool", { project: "tool", isOneOff: true }),
      fakeContainer("far", { project: "far", workingDir: "/other" }),
    ];
    expect(listDeployed(["/stacks/shop"], containers)).toEqual(["amber", "green", "blue"]);
    expect(idsOf(findDeployed(["/stacks/shop"], containers))).toEqual(["id-amber-web"]);
    expect(listDeployed(["/stacks"], containers)).toEqual([]);
  });
});

describe("findNamed()", () => {
  const places = new Map<string, ResolvedPath>([
    ["/app/data/stacks/shop", { path: "/app/data/stacks/shop", type: "missing", links: [] }],
    ["/opt/link", { path: "/stacks/shop", type: "directory", links: [] }],
    ["/opt/other/shop", { path: "/opt/other/shop", type: "directory", links: [] }],
  ]);
  const find = (workingDir: string | undefined, project = "shop") =>
    idsOf(findNamed("shop", "/stacks/shop", [fakeContainer("web", { workingDir, project })], places));

  test.each([
    ["no directory is known", undefined, ["id-web"]],
    ["its directory is one of a manager's container", "/app/data/stacks/shop", ["id-web"]],
    ["its directory is a link to the stack's", "/opt/link", ["id-web"]],
    ["it was made in another directory of this host", "/opt/other/shop", []],
  ])("when %s", (_what, workingDir, ids) => {
    expect(find(workingDir)).toEqual(ids);
  });

  test("takes nothing of another project", () => {
    expect(find(undefined, "shop2")).toEqual([]);
  });
});
