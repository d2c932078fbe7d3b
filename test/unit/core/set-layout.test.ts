import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  checkLayout,
  formatLayout,
  layoutDepth,
  layoutPattern,
  layoutTop,
  parsePartialName,
  parseRemovingName,
  partialName,
  removingName,
} from "#lib/core/set-layout.ts";

const facts = { host: "web1", job: "app", at: new Date("2025-11-04T19:26:39Z"), timeZone: "Europe/Berlin" };

test.each([
  ["{host}/{job}/{stamp}", "web1/app/20251104T192639Z", 3],
  ["{host}/{YYYY}{MM}{DD}_{HH}{mm}{ss}", "web1/20251104_202639", 2],
  ["daily/{YYYY}/{MM}/{DD}/{HH}{mm}", "daily/2025/11/04/2026", 5],
])("formatLayout(%s) is %s", (layout, expected, depth) => {
  expect(checkLayout(layout)).toEqual([]);
  expect(formatLayout(layout, facts)).toBe(expected);
  expect(layoutDepth(layout)).toBe(depth);
});

test.each([
  ["{host}/{date}", "{date}"],
  ["/abs/{stamp}", "relative"],
  ["{host}//{stamp}", "empty"],
  [".hidden/{stamp}", "dot"],
  ["../{stamp}", "dot"],
  ["{host}/{YYYY}{MM}{DD}", "tell sets apart"],
  ["{host}/{stamp", "not closed"],
  ["{tier}/{stamp}", '"{tier}" is unknown'],
])("checkLayout(%s) names what is wrong", (layout, word) => {
  expect(checkLayout(layout).join()).toContain(word);
});

test("layoutPattern() knows every path that the layout gives these names, at any time, and no path of others", () => {
  const pattern = layoutPattern("{host}/{job}.d/{YYYY}/{MM}{DD}_{HH}{mm}", facts);
  const given = formatLayout("{host}/{job}.d/{YYYY}/{MM}{DD}_{HH}{mm}", facts);
  for (const path of [given, `${given}-2`, "web1/app.d/1999/1231_2359"]) expect(path).toMatch(pattern);
  for (const path of ["web2/app.d/1999/1231_2359", "web1/app-d/1999/1231_2359", `${given}/x`, `x/${given}`])
    expect(path).not.toMatch(pattern);
});

test.each([
  ["{host}/{job}/{stamp}", "web1/app"],
  ["sets/{host}-{job}/{YYYY}/{MM}/{DD}-{HH}{mm}", "sets/web1-app"],
  ["{tier}/{host}/{stamp}", ""],
  ["{stamp}", ""],
])("layoutTop(%s) is %j", (layout, top) => {
  expect(layoutTop(layout, facts)).toBe(top);
});

test("formatLayout() puts a set of a store in its tier", () => {
  expect(formatLayout("{tier}/{YYYY}/{stamp}", { ...facts, tier: "biweekly" })).toBe(
    "biweekly/2025/20251104T192639Z",
  );
});

test("parseRemovingName() is the reverse of removingName(), and neither name is taken for the other's", () => {
  const owner = { host: "web+1", job: "a/b", runId: "run-.removing-1" };
  expect(parseRemovingName(removingName(owner))).toEqual(owner);
  expect(parsePartialName(removingName(owner))).toBeUndefined();
  expect(parseRemovingName(partialName(owner))).toBeUndefined();
});

test("parsePartialName() is the reverse of partialName(), whatever the names hold", () => {
  const name = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(name, name, fc.uuid(), name, (host, job, runId, machine) => {
      const partial = partialName({ host, job, runId, machine });
      expect(partial).not.toContain("/");
      expect(parsePartialName(partial)).toEqual({ host, job, runId, machine });
      expect(parsePartialName(partialName({ host, job, runId }))).toEqual({ host, job, runId });
    }),
  );
});

test.each([
  ".partial-",
  ".partial-a",
  ".partial-a+b",
  ".partial-a+b+c+d+e",
  ".partial-a+%zz+c",
  "partial-a+b+c",
])("parsePartialName(%s) is nobody's", (name) => {
  expect(parsePartialName(name)).toBeUndefined();
});
