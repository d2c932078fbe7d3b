import { describe, expect, test } from "bun:test";
import type { Component, Manifest } from "#lib/core/manifest.ts";
import { bytesNeeded, type PlanWishes, planRestore } from "#lib/core/restore-plan.ts";

const component = (name: string, format: Component["format"], file: string) =>
  ({ name, format, file, bytesIn: 1000, bytesOut: 100 }) as Component;
const manifest = {
  components: [
    component("database-shop", "sql", "database-shop.sql.zst"),
    component("application", "tar", "application.tar.zst"),
    component("system-state", "tar", "system-state.tar.zst"),
  ],
  missing: [{ name: "database-crm", source: "database", problem: "the server was down" }],
} as unknown as Manifest;
const plan = (wishes: Partial<PlanWishes> = {}) =>
  planRestore(manifest, { components: [], paths: [], databaseFor: () => undefined, ...wishes });

describe("planRestore()", () => {
  test("makes directories of archives, files of dumps", () => {
    expect(plan().map(({ kind, name }) => [kind, name])).toEqual([
      ["file", "database-shop.sql"],
      ["tree", "application"],
      ["tree", "system-state"],
    ]);
  });

  test("makes databases of dumps whose server is known, which need no room here", () => {
    const parts = plan({
      databaseFor: ({ name }) => (name === "database-shop" ? "shop_restored" : undefined),
    });
    expect(parts[0]).toMatchObject({ kind: "database", name: "shop_restored" });
    expect(bytesNeeded(parts)).toBe(2000);
  });

  test("takes paths out of one archive", () => {
    expect(plan({ components: ["application"], paths: ["a"] })).toMatchObject([
      { kind: "tree", name: "application" },
    ]);
    expect(() => plan({ paths: ["a"] })).toThrow(
      expect.objectContaining({
        outcome: "usage",
        hint: expect.stringContaining("--component system-state"),
      }),
    );
    expect(() => plan({ components: ["database-shop"], paths: ["a"] })).toThrow("no archive of files");
  });

  test("says what the set does not have, and why it lacks it", () => {
    expect(() => plan({ components: ["nothing"] })).toThrow('The set has no component "nothing"');
    expect(() => plan({ components: ["database-crm"] })).toThrow(
      'The set lacks "database-crm": the server was down',
    );
  });
});
