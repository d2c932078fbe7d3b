import { describe, expect, test } from "bun:test";
import { unitOfPath } from "#lib/core/unit-path.ts";
import { isGlob, isTemplate, matchesPattern, withServiceSuffix } from "#lib/core/unit-pattern.ts";

describe("matchesPattern()", () => {
  test.each([
    ["syncoid-a.service", "syncoid-*.service", true],
    ["syncoid-a.timer", "syncoid-*.service", false],
    ["xsyncoid-a.service", "syncoid-*.service", false],
    ["a1.service", "a?.service", true],
    ["a12.service", "a?.service", false],
    ["b.service", "[a-c].service", true],
    ["d.service", "[a-c].service", false],
    ["d.service", "[!a-c].service", true],
    ["a.service", "axservice", false],
    ["a+b.service", "a+b.service", true],
    ["a[.service", "a[.service", true],
    ["dev-\\x2d.service", "dev-*.service", true],
    ["a\nb.service", "a*.service", true],
  ])("%j by %j is %p", (name, pattern, expected) => {
    expect(matchesPattern(name, pattern)).toBe(expected);
  });
});

test("withServiceSuffix() adds what systemctl adds", () => {
  expect(["sanoid", "syncoid-*", "a.service"].map(withServiceSuffix)).toEqual([
    "sanoid.service",
    "syncoid-*.service",
    "a.service",
  ]);
});

test("isGlob() and isTemplate() tell patterns, templates and names apart", () => {
  expect(["a*.service", "a?.service", "[a].service", "a.service"].map(isGlob)).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(["a@.service", "a@b.service"].map(isTemplate)).toEqual([true, false]);
});

test("unitOfPath() reads systemd's escapes, and nothing else", () => {
  const base = "/org/freedesktop/systemd1/unit/";
  expect(unitOfPath(`${base}restic_2dbackup_2dplex_2eservice`)).toBe("restic-backup-plex.service");
  expect(unitOfPath(`${base}a_40b_5cx2d_25_2eservice`)).toBe("a@b\\x2d%.service");
  expect(unitOfPath("/org/freedesktop/systemd1/job/7")).toBeUndefined();
});
