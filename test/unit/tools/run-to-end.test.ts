import { describe, expect, test } from "bun:test";
import { runToEnd } from "#lib/tools/run-to-end.ts";

const env = { PATH: "/usr/bin:/bin" };
const run = (script: string, changes: Partial<Parameters<typeof runToEnd>[0]> = {}) =>
  runToEnd({
    command: ["sh", "-c", script],
    env,
    timeoutMs: 20_000,
    graceMs: 5000,
    signal: new AbortController().signal,
    ...changes,
  });

describe("runToEnd()", () => {
  test("gives the exit code and the end of both streams", async () => {
    const { exitCode, cut, output } = await run("echo out; echo err >&2; exit 7");
    expect([exitCode, cut]).toEqual([7, undefined]);
    expect(new Set(output.trim().split("\n"))).toEqual(new Set(["out", "err"]));
    expect((await run("seq 1 100000")).output.length).toBe(8192);
  });

  test("asks a program to end when its time is over, and waits for it", async () => {
    const { cut, output } = await run("trap 'echo cleaned; exit 0' TERM; echo begun; sleep 60 & wait", {
      timeoutMs: 200,
    });
    expect([cut, output]).toEqual(["late", expect.stringContaining("cleaned")]);
  });

  test("ends one that does not listen, with its children", async () => {
    const stop = new AbortController();
    const stubborn = run("trap '' TERM; echo $$; sleep 60", { graceMs: 100, signal: stop.signal });
    stop.abort();
    expect((await stubborn).cut).toBe("aborted");
  });

  test("starts nothing when it is over already, and says what cannot be run", async () => {
    expect((await run("exit 0", { signal: AbortSignal.abort() })).cut).toBe("aborted");
    const missing = await runToEnd({
      command: ["/nowhere/program"],
      env,
      timeoutMs: 1000,
      graceMs: 100,
      signal: new AbortController().signal,
    });
    expect([missing.exitCode, missing.output]).toEqual([
      null,
      expect.stringContaining("Cannot run /nowhere/program"),
    ]);
  });
});
