import { expect, test } from "bun:test";
import { chooseUnit } from "#lib/report/axis-unit.ts";

test.each([
  ["bytes", 0, "B"],
  ["bytes", 1500, "B"],
  ["bytes", 2048, "KiB"],
  ["bytes", 1.9 * 1024 ** 3, "MiB"],
  ["bytes", 3 * 1024 ** 4, "TiB"],
  ["bytes", 1024 ** 7, "PiB"],
  ["seconds", 119, "s"],
  ["seconds", 120, "min"],
  ["seconds", 7200, "h"],
] as const)("chooseUnit() counts %s up to %d in %s", (kind, highest, name) => {
  expect(chooseUnit(kind, highest).name).toBe(name);
});
