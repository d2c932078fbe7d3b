import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Dependency } from "#lib/core/containers.ts";
import { orderForStart, planLevels } from "#lib/core/start-order.ts";

function container(service: string, needs: readonly string[] = [], networkOwner?: string) {
  const dependsOn: Dependency[] = needs.map((name) => ({ service: name, condition: "service_started" }));
  return { id: `id-${service}`, name: `${service}-1`, service, dependsOn, networkOwner };
}

const namesOf = (levels: readonly (readonly { readonly name: string }[])[]) =>
  levels.map((level) => level.map(({ name }) => name));

describe("planLevels()", () => {
  test("puts what others depend on before them", () => {
    const levels = planLevels([
      container("web", ["api", "cache"]),
      container("api", ["db"]),
      container("db"),
      container("cache"),
    ]);
    expect(namesOf(levels)).toEqual([["cache-1", "db-1"], ["api-1"], ["web-1"]]);
  });

  test("waits for every replica of a service, and for the owner of a network", () => {
    const second = { ...container("db"), id: "id-db2", name: "db-2" };
    const levels = planLevels([
      container("side", [], "id-web"),
      container("web", ["db"]),
      container("db"),
      second,
    ]);
    expect(namesOf(levels)).toEqual([["db-1", "db-2"], ["web-1"], ["side-1"]]);
  });

  test("does not wait for what is not among them", () => {
    expect(namesOf(planLevels([container("web", ["migrate"], "id-gone")]))).toEqual([["web-1"]]);
  });

  test("starts a circle together, and what stands before it first", () => {
    const levels = planLevels([
      container("a", ["b"]),
      container("b", ["a", "db"]),
      container("db"),
      container("c", ["a"]),
    ]);
    expect(namesOf(levels)).toEqual([["db-1"], ["a-1", "b-1", "c-1"]]);
  });

  test("is not held up by a service that depends on itself", () => {
    const second = { ...container("a", ["a"]), id: "id-a2", name: "a-2" };
    const levels = planLevels([container("a", ["a"]), second, container("b", ["a"])]);
    expect(namesOf(levels)).toEqual([["a-1", "a-2"], ["b-1"]]);
  });

  test("starts each exactly once, whatever depends on what, and never before what it can wait for", () => {
    const names = ["a", "b", "c", "d", "e"];
    const stacks = fc.array(fc.tuple(fc.constantFrom(...names), fc.array(fc.constantFrom(...names))), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(stacks, (services) => {
        const all = services.map(([service, needs], index) => ({
          ...container(service, needs),
          id: `${index}`,
          name: `${service}-${index}`,
        }));
        const levels = planLevels(all);
        expect(new Set(levels.flat())).toEqual(new Set(all));
        expect(levels.flat()).toHaveLength(all.length);
        expect(orderForStart(all)).toEqual(levels.flat());
        // In every level but one of circles, each stands behind all that it depends on.
        for (const [index, level] of levels.slice(0, -1).entries()) {
          const later = levels.slice(index).flat();
          for (const { service, dependsOn } of level) {
            const needs = dependsOn
              .map((dependency) => dependency.service)
              .filter((need) => need !== service);
            expect(later.some((other) => needs.includes(other.service))).toBe(false);
          }
        }
      }),
    );
  });
});
