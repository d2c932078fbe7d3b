import { describe, expect, test } from "bun:test";
import type { Exec } from "#lib/core/deps.ts";
import { askActiveUnits } from "#lib/cron/active-units.ts";
import { flawOfTimer } from "#lib/cron/unit-timing.ts";

const saying = (stdout: string, exitCode: number | null = 0): Exec => {
  const result = { exitCode, stdout, signal: undefined, stderr: "", timedOut: false, notFound: false };
  return () => Promise.resolve(result);
};

test("askActiveUnits() knows nothing where systemd does not run, and asks nobody about another root", async () => {
  const machine = { root: "/", timeoutMs: 1000 };
  const listed =
    "a.timer loaded active waiting A\ncron.service loaded active running Cron\ninit.scope loaded active running S\n";
  expect(await askActiveUnits({ ...machine, exec: saying(listed) })).toEqual(
    new Set(["a.timer", "cron.service", "init.scope"]),
  );
  expect(await askActiveUnits({ ...machine, exec: saying("", 1) })).toBeUndefined();
  expect(await askActiveUnits({ ...machine, exec: saying("", null) })).toBeUndefined();
  // In a chroot.
  expect(await askActiveUnits({ ...machine, exec: saying("") })).toBeUndefined();
  expect(await askActiveUnits({ ...machine, root: "/mnt", exec: saying(listed) })).toBeUndefined();
});

describe("flawOfTimer()", () => {
  const timer = { name: "a.timer", isMasked: false };
  test.each([
    ["is good: enabled, nobody can be asked", true, undefined, undefined],
    ["is good: started, not enabled", false, new Set(["a.timer"]), undefined],
    ["finds it off", false, new Set<string>(), "the timer is not enabled"],
    [
      "finds it enabled, and not started",
      true,
      new Set(["b.timer"]),
      "the timer is enabled, and not started: systemctl start a.timer",
    ],
  ])("%s", (_what, isEnabled, active, flaw) => {
    expect(flawOfTimer(timer, isEnabled, active)).toBe(flaw);
  });
});
