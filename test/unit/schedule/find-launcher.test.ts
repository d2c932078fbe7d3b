import { expect, test } from "bun:test";
import { chmodSync, chownSync } from "node:fs";
import type { Exec } from "#lib/core/deps.ts";
import type { Tool } from "#lib/core/tool.ts";
import { findLauncher, findStrangers } from "#lib/schedule/find-launcher.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { createSandbox } from "#test/support/sandbox.ts";

function toolWith(exec: Exec, program: string): Tool {
  return {
    operands: [],
    flags: {},
    readText: () => Promise.reject(new Error("not asked for")),
    deps: {
      exec,
      clock: systemClock,
      http: () => Promise.reject(new Error("no network")),
      newId: () => "id",
    },
    caller: {
      uid: 0,
      home: "/root",
      hostname: "web1",
      cwd: "/",
      launcher: [program, "run", "-A"],
      scripts: "/opt/lastgood/scripts",
    },
  };
}

const answer = (exitCode: number, stdout: string): Awaited<ReturnType<Exec>> => ({
  ...{ exitCode, stdout, stderr: "", signal: undefined, timedOut: false, notFound: false },
});

test("findLauncher() takes the installed path where it leads to the program that runs", async () => {
  const running = "/usr/local/lib/node_modules/bun/bin/bun.exe";
  const exec: Exec = async ([, , , candidate]) =>
    candidate === "/usr/local/bin/bun" ? answer(0, `${running}\n${running}\n`) : answer(1, `${running}\n`);
  expect(await findLauncher(toolWith(exec, running))).toEqual(["/usr/local/bin/bun", "run", "-A"]);
});

test("findLauncher() takes the program itself where another version is installed", async () => {
  const exec: Exec = async () => answer(0, "/usr/lib/bun-1.0/bun\n/opt/bun-1.4/bun\n");
  expect(await findLauncher(toolWith(exec, "/opt/bun-1.4/bun"))).toEqual(["/opt/bun-1.4/bun", "run", "-A"]);
});

test.skipIf(!isRoot)("findStrangers() names who beside root could change what root runs", async () => {
  await using sandbox = await createSandbox();
  const tool = toolWith(createExec({ PATH: process.env.PATH ?? "" }), "bun");
  const [own, open, foreign] = [
    await sandbox.write("own", ""),
    await sandbox.write("open it", ""),
    await sandbox.write("foreign", ""),
  ];
  chmodSync(open, 0o664);
  chownSync(foreign, 65_534, 0);
  expect(await findStrangers(tool, [own, open, foreign, "/nonexistent"])).toEqual([
    `others than root may write ${open}, which root runs`,
    `${foreign} belongs to nobody, who thereby acts as root`,
  ]);
});
