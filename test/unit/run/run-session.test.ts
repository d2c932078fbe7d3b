import { expect, test } from "bun:test";
import { OpsError } from "#lib/core/ops-error.ts";
import type { SignalName } from "#lib/core/outcome.ts";
import { commonFlags } from "#lib/run/parse-flags.ts";
import { answerInJson, runSession, type SessionDefinition } from "#lib/run/run-session.ts";
import type { World } from "#lib/run/world.ts";

/** A process without one: what it wrote, and a way to send it a signal. */
function createWorld(...argv: readonly string[]) {
  const said = { stdout: "", stderr: "" };
  let watcher: Parameters<World["watch"]>[0] | undefined;
  const stream = (name: keyof typeof said) => ({
    write: (text: string) => {
      said[name] += text;
      return Promise.resolve(undefined);
    },
    isTerminal: false,
    columns: 80,
  });
  const world: World = {
    argv,
    env: {},
    cwd: "/",
    uid: 0,
    pid: 1,
    home: "/root",
    hostname: "web1",
    isInteractive: false,
    ask: () => Promise.resolve(undefined),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    runtime: "test",
    launcher: ["test"],
    isJournal: false,
    watch: (events) => {
      watcher = events;
      return () => {
        watcher = undefined;
      };
    },
  };
  return {
    world,
    said,
    isWatched: () => watcher !== undefined,
    send: (name: SignalName) => watcher?.onSignal(name),
  };
}

const { json, help, version } = commonFlags;
const definition: SessionDefinition = {
  name: "look",
  summary: "looks",
  flags: { far: { help: "look further" } },
  shape: { common: { json, help, version }, operands: [] },
  main: () => Promise.resolve(0),
  answerError: answerInJson,
};

test("runSession() prints help and the version, and begins nothing", async () => {
  const main = () => Promise.reject(new Error("begun"));
  const [helped, told] = [createWorld("--help"), createWorld("--version")];
  expect(await runSession({ ...definition, main }, helped.world)).toBe(0);
  expect(await runSession({ ...definition, main }, told.world)).toBe(0);
  expect(helped.said.stdout).toMatch(/^look: looks\n[\s\S]*--far[\s\S]*--json[\s\S]*Exit codes:/);
  expect(told.said.stdout).toMatch(/^look \d\S* \(test\)\n$/);
});

test("runSession() says what is wrong with a command line, to programs as JSON", async () => {
  const { world, said, isWatched } = createWorld("--json", "--fat");
  expect(await runSession(definition, world)).toBe(64);
  expect(said.stderr).toContain('look.usage: Unknown option "--fat": did you mean --far?');
  expect(JSON.parse(said.stdout)).toMatchObject({ schema: 1, outcome: "usage", hint: "See --help" });
  expect(isWatched()).toBe(false);
});

test("runSession() lets the command say what a caller reads of an error", async () => {
  const failing = () => Promise.reject(new OpsError("No room", { outcome: "failed", hint: "Free some" }));
  const plain = createWorld("--json");
  const { answerError: _, ...silent } = definition;
  expect(await runSession({ ...silent, main: failing }, plain.world)).toBe(2);
  expect(plain.said.stdout).toBe("");
  expect(plain.said.stderr).toMatch(/look\.failed: No room\n.*Hint: Free some/);
  const monitored = createWorld();
  const answerError: SessionDefinition["answerError"] = async ({ stdout }, { headline }) => {
    await stdout.write(`UNKNOWN: ${headline}`);
    return 3;
  };
  expect(await runSession({ ...definition, main: failing, answerError }, monitored.world)).toBe(3);
  expect(monitored.said.stdout).toBe("UNKNOWN: No room");
});

test("runSession() ends by the signal that stopped it, whatever broke on the way, and watches no longer", async () => {
  const { world, said, send, isWatched } = createWorld();
  const main: SessionDefinition["main"] = ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("a pipe broke")));
      send("SIGTERM");
    });
  expect(await runSession({ ...definition, main }, world)).toBe(143);
  expect(said.stderr).toContain("look.interrupted: Stopped by SIGTERM");
  expect(said.stderr).not.toContain("pipe");
  expect(isWatched()).toBe(false);
});

test("runSession() shows the stack of what nobody foresaw", async () => {
  const { world, said } = createWorld();
  const main = () => Promise.reject(new TypeError("no such thing"));
  expect(await runSession({ ...definition, main }, world)).toBe(3);
  expect(said.stderr).toMatch(/look\.bug: Unforeseen error: .*no such thing[\s\S]*run-session\.test\.ts/);
});
