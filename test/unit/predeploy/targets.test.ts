import { describe, expect, test } from "bun:test";
import type { Stage } from "#lib/core/stage.ts";
import { checkPrograms, targetsOf } from "#lib/predeploy/targets.ts";

const settings = { PREDEPLOY_HOSTS: ["nas1"], PREDEPLOY_MANAGER: "user" } as const;
const nothing = { PREDEPLOY_HOSTS: [], PREDEPLOY_MANAGER: "system" } as const;

describe("targetsOf()", () => {
  test("takes flags before settings, and hosts before a manager of this one", () => {
    expect(targetsOf(nothing, {})).toEqual([{ kind: "system" }]);
    expect(targetsOf({ ...nothing, PREDEPLOY_MANAGER: "user" }, {})).toEqual([{ kind: "user" }]);
    expect(targetsOf(settings, {})).toEqual([{ kind: "host", host: "nas1" }]);
    expect(targetsOf(settings, { user: true })).toEqual([{ kind: "user" }]);
    expect(targetsOf(settings, { host: "nas2, root@nas3,nas2," })).toEqual([
      { kind: "host", host: "nas2" },
      { kind: "host", host: "root@nas3" },
    ]);
  });

  test("refuses flags that contradict each other, and a host that ssh would take for an option", () => {
    expect(() => targetsOf(nothing, { host: "nas1", user: true })).toThrow("exclude each other");
    expect(() => targetsOf(nothing, { host: "nas1,-oProxyCommand=x" })).toThrow("is no name of a host");
  });

  test.each([",", " ", " , "])("takes --host %j for no host of the settings, nor for this one", (host) => {
    expect(() => targetsOf(nothing, { host })).toThrow("names no host");
    expect(() => targetsOf(settings, { host })).toThrow("names no host");
  });
});

test("checkPrograms() refuses stages that would run programs here for another host", () => {
  const stage: Stage = {
    label: "1",
    title: "One",
    units: [],
    except: [],
    jobs: ["app"],
    commands: [],
    limit: undefined,
    timeoutMs: 1000,
    policy: "counted",
    whenRunning: "skip",
    partialStatuses: [],
  };
  const plan = { preflight: [], stages: [stage] };
  expect(() => checkPrograms(plan, [{ kind: "host", host: "nas1" }])).toThrow("run on this machine alone");
  expect(() => checkPrograms(plan, [{ kind: "system" }])).not.toThrow();
});
