import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Exec } from "#lib/core/deps.ts";
import { createExec } from "#lib/tools/exec.ts";
import { writeSyslog, writeToTerminals } from "#lib/tools/last-resort.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

let sandbox: Sandbox;
let exec: Exec;

beforeEach(async () => {
  sandbox = await createSandbox();
  exec = createExec(sandbox.environment);
});
afterEach(() => sandbox[Symbol.asyncDispose]());

/** A program that keeps its arguments, one a line, and its input. */
const recording = (file: string) => `#!/bin/sh\nprintf '%s\\n' "$@" >${file}\ncat >>${file}\n`;

describe("writeSyslog()", () => {
  test("hands the line to logger as an error of cron, and not as an option", async () => {
    await sandbox.fake("logger", recording(sandbox.path("said")));
    expect(await writeSyslog(exec, "--file=/etc/shadow")).toBe(true);
    const said = await Bun.file(sandbox.path("said")).text();
    expect(said).toBe("-t\nlastgood\n-p\ncron.err\n--\n--file=/etc/shadow\n");
  });

  test("is false when logger finds no log", async () => {
    await sandbox.fake("logger", "#!/bin/sh\nexit 1\n");
    expect(await writeSyslog(exec, "text")).toBe(false);
  });

  test("is false when there is no logger", async () => {
    expect(await writeSyslog(createExec({ PATH: sandbox.bin }), "text")).toBe(false);
  });

  test("is understood by the real logger", async () => {
    let shown = "";
    const withoutSocket: Exec = async ([program, ...args], options) => {
      const result = await exec([program, "--no-act", "--stderr", "--socket-errors=off", ...args], options);
      shown = result.stderr;
      return result;
    };
    expect(await writeSyslog(withoutSocket, "-t is a text here")).toBe(true);
    expect(shown).toMatch(/^<75>.* lastgood: -t is a text here\n$/);
  });
});

describe("writeToTerminals()", () => {
  test("hands the text to wall", async () => {
    await sandbox.fake("wall", recording(sandbox.path("said")));
    expect(await writeToTerminals(exec, "a person is needed")).toBe(true);
    expect(await Bun.file(sandbox.path("said")).text()).toBe("\na person is needed\n");
  });

  test("is false when there is no wall", async () => {
    expect(await writeToTerminals(createExec({ PATH: sandbox.bin }), "text")).toBe(false);
  });
});
