import { describe, expect, test } from "bun:test";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { describeItems, listItems, readStackFacts, type StackFacts } from "#lib/core/stack-items.ts";

const facts: StackFacts = {
  stack: "shop",
  directory: "/opt/stacks/shop",
  definition: ["/opt/stacks/shop/compose.yaml", "/opt/stacks/shop/.env"],
  roots: [
    { path: "/srv/appdata/shop", origin: "appdata", name: "/srv/appdata/shop" },
    { path: "/docker/volumes/shop_db/_data", origin: "volume", name: "shop_db" },
    { path: "/mnt/disk", origin: "volume", name: "shop_disk" },
  ],
};
const pathsOf = (...paths: string[]) => listItems(facts, paths).map(({ path }) => path);

describe("listItems()", () => {
  test("takes all data and all files of the definition, and knows docker's own volumes by name", () => {
    const items = listItems(facts, []);
    expect(items).toHaveLength(5);
    expect(items.map(({ volume }) => volume)).toEqual([
      undefined,
      "shop_db",
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("takes a path in the data, what lies in a path, and each of them once", () => {
    expect(pathsOf("/srv/appdata/shop/web//page/")).toEqual(["/srv/appdata/shop/web/page"]);
    expect(pathsOf("/opt/stacks/shop")).toEqual(facts.definition.slice());
    expect(pathsOf("/srv/appdata/shop/web", "/srv/appdata/shop")).toEqual(["/srv/appdata/shop"]);
    expect(listItems(facts, ["/docker/volumes/shop_db/_data"])[0]?.volume).toBe("shop_db");
    expect(listItems(facts, ["/docker/volumes/shop_db/_data/x"])[0]?.volume).toBeUndefined();
  });

  test.each(["/etc/passwd", "/srv/appdata/shopping", "/srv/appdata/shop/../x", "/opt/stacks/shop/.env/x"])(
    "refuses %s, which the archive cannot have",
    (path) => {
      expect(() => listItems(facts, [path])).toThrow(OpsError);
    },
  );
});

describe("readStackFacts()", () => {
  const read = (changed: Partial<Record<keyof StackFacts, unknown>>) => {
    const component: Component = {
      name: "stack-shop",
      source: "stack",
      file: "stack-shop.tar.zst",
      format: "tar",
      compression: "zstd",
      bytesIn: 1,
      bytesOut: 1,
      sha256: "0".repeat(64),
      outcome: "complete",
      doubts: [],
      durationSeconds: 1,
      facts: { ...facts, ...changed },
    };
    return readStackFacts(component);
  };

  test("gives what the set says", () => {
    expect(read({})).toEqual(facts);
  });

  test.each([
    ["a path with a way round", { definition: ["/srv/../etc/passwd"] }],
    ["the whole machine", { roots: [{ path: "/", origin: "bind", name: "/" }] }],
    ["what belongs to the machine", { roots: [{ path: "/proc/sys", origin: "bind", name: "x" }] }],
    ["a relative path", { directory: "stacks/shop" }],
    ["nothing", { roots: undefined }],
  ])("refuses %s", (_name, changed) => {
    expect(() => read(changed)).toThrow("its manifest does not say where its files belong");
  });
});

test("describeItems() names every path of a stack's archive, and none of anything else", () => {
  const describe = (given: Component["facts"]) => describeItems({ name: "x", facts: given } as Component);
  expect(describe(facts)).toEqual([
    "/srv/appdata/shop",
    "/docker/volumes/shop_db/_data (shop_db)",
    "/mnt/disk (shop_disk)",
    "/opt/stacks/shop/compose.yaml",
    "/opt/stacks/shop/.env",
  ]);
  expect(describe(undefined)).toEqual([]);
  expect(describe({ stack: "shop", directory: "relative" })).toEqual([]);
});
