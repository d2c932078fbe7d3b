/** Units of a real systemd: every way in which one runs, does not run, or is no longer to be followed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Exec } from "#lib/core/deps.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import type { StepResult } from "#lib/core/step-result.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { connectManager } from "#lib/units/connect-manager.ts";
import { recallFromJournal } from "#lib/units/read-unit-journal.ts";
import { runUnit, type UnitOrder } from "#lib/units/run-unit.ts";
import type { UnitManager } from "#lib/units/unit-manager.ts";
import {
  hasSystemd,
  oneshot,
  type SystemdMachine,
  type SystemdMachines,
  startSystemdMachines,
} from "#test/support/systemd-machine.ts";
import { waitFor } from "#test/support/wait-for.ts";

const table: readonly (readonly [what: string, unit: string, expected: string])[] = [
  ["succeeds", oneshot("true"), "success success"],
  ["fails", oneshot("exit 4"), "failed exit-code"],
  [
    "is forgotten as soon as it has failed",
    `[Unit]\nCollectMode=inactive-or-failed\n${oneshot("exit 4")}`,
    "failed exit-code",
  ],
  ["is killed", oneshot("kill -9 $$$$"), "failed signal"],
  ["runs out of its own time", oneshot("sleep 60", "TimeoutStartSec=100ms"), "failed timeout"],
  ["exits with a partial status", oneshot("exit 3"), "partial partial"],
  ["calls a partial status a success", oneshot("exit 3", "SuccessExitStatus=3"), "partial partial"],
  [
    "has a condition that does not hold",
    `[Unit]\nConditionPathExists=/nowhere\n${oneshot("true")}`,
    "skipped condition",
  ],
  [
    "has an ExecCondition that does not hold",
    oneshot("true", "ExecCondition=/bin/false"),
    "skipped condition",
  ],
  [
    "has an assertion that does not hold",
    `[Unit]\nAssertPathExists=/nowhere\n${oneshot("true")}`,
    "failed assert",
  ],
  [
    "needs a unit that is missing",
    `[Unit]\nRequires=t-gone.service\nAfter=t-gone.service\n${oneshot("true")}`,
    "failed not-found",
  ],
  [
    "needs a unit that fails",
    `[Unit]\nRequires=t-fails.service\nAfter=t-fails.service\n${oneshot("true")}`,
    "failed dependency",
  ],
  [
    "is restarted until it succeeds",
    oneshot("test -e /run/tried || { touch /run/tried; exit 1; }", "Restart=on-failure\nRestartSec=50ms"),
    "success success",
  ],
  ["is no oneshot", "[Service]\nExecStart=/bin/sleep 0.2\n", "success success"],
  [
    "says when it is ready",
    "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'systemd-notify --ready; sleep 0.2'\n",
    "success success",
  ],
  ["forks", "[Service]\nType=forking\nExecStart=/bin/sh -c 'sleep 0.2 & exit 0'\n", "success success"],
  ["remains active when it is over", oneshot("true", "RemainAfterExit=yes"), "success success"],
  ["wants a terminal", oneshot("cat", "StandardInput=tty-fail\nTTYPath=/dev/tty63"), "failed exit-code"],
  ["has nothing to run", "[Service]\nType=oneshot\n", "failed bad-setting"],
  ["may not be started by hand", `[Unit]\nRefuseManualStart=yes\n${oneshot("true")}`, "failed refuses-start"],
];

let machines: SystemdMachines;
let machine: SystemdMachine;
let manager: UnitManager;
const lost: string[] = [];

const untilFile = (path: string) => `while [ ! -e ${path} ]; do sleep 0.02; done`;

function connect(): Promise<UnitManager> {
  const DBUS_SYSTEM_BUS_ADDRESS = `unix:path=${machine.root}/run/dbus/system_bus_socket`;
  return connectManager({
    target: { kind: "system" },
    clock: systemClock,
    environment: { DBUS_SYSTEM_BUS_ADDRESS },
    onLost: (reason) => lost.push(reason),
  });
}

describe.skipIf(!hasSystemd)("A real systemd", () => {
  beforeAll(async () => {
    machines = await startSystemdMachines();
    machine = await machines.boot("web1");
    const kinds = Object.fromEntries(table.map(([, text], index) => [`t-kind-${index}.service`, text]));
    machine.units({ ...kinds, "t-fails.service": oneshot("false") });
    manager = await connect();
  }, 120_000);

  afterAll(async () => {
    manager?.close();
    await machines[Symbol.asyncDispose]();
  }, 60_000);

  const exec: Exec = async (command) => ({
    ...machine.tryShell(command.map(quoteForShell).join(" ")),
    signal: undefined,
    timedOut: false,
    notFound: false,
  });
  const run = (unit: string, order: Partial<UnitOrder> = {}, signal = new AbortController().signal) =>
    runUnit(
      {
        manager,
        clock: systemClock,
        signal,
        onBegin: async () => undefined,
        recall: (invocationId) => recallFromJournal({ exec, target: { kind: "system" }, unit, invocationId }),
      },
      { unit, timeoutMs: 20_000, whenRunning: "skip", partialStatuses: [], ...order },
    );
  const activeState = async (unit: string) => (await manager.look(unit)).activeState;
  const untilActive = (unit: string, state = "activating") =>
    waitFor(async () => (await activeState(unit)) === state, { what: `${unit} to be ${state}` });
  const facts = ({ verdict, reason }: StepResult) => `${verdict} ${reason}`;

  test("runUnit() judges every kind of unit", async () => {
    const judged = await Promise.all(
      table.map((_, index) => run(`t-kind-${index}.service`, { partialStatuses: [3] })),
    );
    const got = table.map(([what], index) => [what, judged.slice(index, index + 1).map(facts)]);
    expect(got).toEqual(table.map(([what, , expected]) => [what, [expected]]));
  });

  test("runUnit() names what is masked, missing, or over and still active", async () => {
    machine.units({ "t-over.service": oneshot("true", "RemainAfterExit=yes") });
    machine.shell("ln -s /dev/null /run/systemd/system/t-masked.service; systemctl daemon-reload");
    expect(facts(await run("t-masked.service"))).toBe("skipped masked");
    expect(facts(await run("t-nowhere.service"))).toBe("failed not-found");
    await run("t-over.service");
    expect(facts(await run("t-over.service"))).toBe("skipped remains-active");
  });

  test("runUnit() never takes the result of an earlier run for this one's", async () => {
    const define = (text: string) => machine.units({ "t-again.service": text });
    define(oneshot("true"));
    expect(facts(await run("t-again.service"))).toBe("success success");
    define(`[Unit]\nConditionPathExists=/nowhere\n${oneshot("true")}`);
    expect(facts(await run("t-again.service"))).toBe("skipped condition");
    define(`[Unit]\nStartLimitBurst=1\n${oneshot("exit 1")}`);
    expect(facts(await run("t-again.service"))).toBe("failed exit-code");
    expect(facts(await run("t-again.service"))).toBe("failed not-started");
  });

  test("runUnit() leaves a running unit alone, or waits for its end", async () => {
    machine.units({ "t-busy.service": oneshot(untilFile("/run/busy")) });
    machine.shell("systemctl start --no-block t-busy.service");
    await untilActive("t-busy.service");
    expect(facts(await run("t-busy.service"))).toBe("skipped already-running");
    const joined = run("t-busy.service", { whenRunning: "wait" });
    machine.shell("touch /run/busy");
    expect(facts(await joined)).toBe("success success");
  });

  test("runUnit() stops what it started when its time is over, and nothing else", async () => {
    machine.units({ "t-own.service": oneshot("sleep 60"), "t-other.service": oneshot("sleep 60") });
    machine.shell("systemctl start --no-block t-other.service");
    await untilActive("t-other.service");
    const results = await Promise.all([
      run("t-own.service", { timeoutMs: 500 }),
      run("t-other.service", { timeoutMs: 500, whenRunning: "wait" }),
    ]);
    expect(results.map(({ message }) => message)).toEqual([
      "timed out after 0.5s; stopped",
      "timed out after 0.5s; it was not started here and runs on",
    ]);
    expect(await activeState("t-own.service")).not.toBe("activating");
    expect(await activeState("t-other.service")).toBe("activating");
  });

  test.each([
    ["is no oneshot", "[Service]\nExecStart=/bin/sleep 60\n", "active", "failed signal"],
    [
      "ends with 0 when it is told to end",
      oneshot('trap "exit 0" TERM; touch /run/trapped; while :; do sleep 0.02; done'),
      "activating",
      "failed canceled",
    ],
  ])("runUnit() takes no run for a success that somebody else stops: one that %s", async (...row) => {
    const [, text, state, expected] = row;
    machine.units({ "t-stopped.service": text });
    const running = run("t-stopped.service");
    await untilActive("t-stopped.service", state);
    if (state === "activating") machine.shell(untilFile("/run/trapped"));
    machine.shell("systemctl stop t-stopped.service");
    expect(facts(await running)).toBe(expected);
  });

  test("runUnit() does not stop a run that somebody else started after its own", async () => {
    machine.units({ "t-taken.service": oneshot("sleep 60") });
    const stop = new AbortController();
    const running = run("t-taken.service", {}, stop.signal);
    await untilActive("t-taken.service");
    const invocation = async () => (await manager.look("t-taken.service")).invocationId;
    const first = await invocation();
    machine.shell("systemctl restart --no-block t-taken.service");
    await waitFor(async () => (await invocation()) !== first, { what: "a second run" });
    stop.abort();
    expect((await running).message).toBe("somebody else started it again, and it runs on");
    expect(await activeState("t-taken.service")).toBe("activating");
  });

  test("runUnit() stops what it started when the run is to end, a queued start included", async () => {
    machine.units({
      "t-first.service": oneshot("sleep 60"),
      "t-queued.service": `[Unit]\nAfter=t-first.service\n${oneshot("touch /run/began")}`,
    });
    const stop = new AbortController();
    const first = run("t-first.service", {}, stop.signal);
    await untilActive("t-first.service");
    const queued = run("t-queued.service", {}, stop.signal);
    const isQueued = async () => (await manager.look("t-queued.service")).job !== undefined;
    await waitFor(isQueued, { what: "the queued job" });
    stop.abort();
    expect((await Promise.all([first, queued])).map(facts)).toEqual(["stopped stopped", "stopped stopped"]);
    expect(machine.tryShell("test -e /run/began").exitCode).toBe(1);
    expect(machine.shell("systemctl list-jobs --no-legend")).not.toMatch(/t-first|t-queued/);
  });

  test.each([
    ["the manager is executed anew", "reexec", "systemctl daemon-reexec"],
    ["its configuration is read anew", "reload", "systemctl daemon-reload"],
    ["the bus is restarted", "restart", "systemctl restart dbus.service"],
    ["the bus is killed", "kill", "systemctl kill --signal=KILL dbus.service"],
  ])("runUnit() sees a unit end truthfully though %s meanwhile", async (_, name, disturb) => {
    const [good, bad, go] = [`t-good-${name}.service`, `t-bad-${name}.service`, `/run/go-${name}`];
    machine.units({ [good]: oneshot(untilFile(go)), [bad]: oneshot(`${untilFile(go)}; exit 5`) });
    const runs = [run(good), run(bad)];
    await Promise.all([untilActive(good), untilActive(bad)]);
    machine.shell(`${disturb}; touch ${go}`);
    expect((await Promise.all(runs)).map(facts)).toEqual(["success success", "failed exit-code"]);
  });

  test("find() lists units that are loaded and those that are not, instances, no templates, an alias once", async () => {
    machine.units({
      "f-file.service": oneshot("true"),
      "f-busy.service": oneshot("sleep 60"),
      "f-many@.service": oneshot("sleep 60"),
      "f-needs.service": `[Unit]\nAfter=f-nowhere.service\n${oneshot("sleep 60")}`,
    });
    machine.shell("ln -s f-file.service /run/systemd/system/f-alias.service; systemctl daemon-reload");
    machine.shell("systemctl start --no-block f-busy.service f-many@one.service f-needs.service");
    machine.shell("systemd-run --quiet --no-block --unit=f-transient sleep 60");
    await untilActive("f-transient.service", "active");
    const expected = ["f-busy", "f-file", "f-many@one", "f-needs", "f-transient"];
    expect(await manager.find(["f-*.service"])).toEqual(expected.map((name) => `${name}.service`));
  });

  test("a unit that a user may not start is refused with a reason", () => {
    machine.units({ "t-denied.service": oneshot("true") });
    const script = [
      'import { connectManager } from "/opt/lastgood/lib/units/connect-manager.ts";',
      'import { runUnit } from "/opt/lastgood/lib/units/run-unit.ts";',
      'import { systemClock as clock } from "/opt/lastgood/lib/tools/clock.ts";',
      'const target = { kind: "system" };',
      "const manager = await connectManager({ target, clock, environment: {}, onLost: () => undefined });",
      "const nothing = async () => undefined;",
      "const watch = { manager, clock, signal: new AbortController().signal, onBegin: nothing, recall: nothing };",
      'const order = { unit: "t-denied.service", timeoutMs: 5000, whenRunning: "skip", partialStatuses: [] };',
      "const { verdict, reason } = await runUnit(watch, order);",
      "console.log(verdict, reason); manager.close();",
    ];
    const asNobody = machine.tryShell(`bun -e '${script.join(" ")}'`, { user: "nobody" });
    expect(asNobody.stdout.trim()).toBe("failed no-permission");
  });
});
