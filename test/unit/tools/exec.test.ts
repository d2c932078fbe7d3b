import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createExec } from "#lib/tools/exec.ts";
import { waitFor } from "#test/support/wait-for.ts";

const exec = createExec({ PATH: process.env.PATH ?? "", ONLY: "this" });
const timeoutMs = 10_000;

test("exec() passes arguments as they are: no shell looks at them", async () => {
  const result = await exec(["printf", "%s|", "a b", "$HOME", "x'y", "", "*", "-n"], { timeoutMs });
  expect(result).toMatchObject({ exitCode: 0, stdout: "a b|$HOME|x'y||*|-n|", stderr: "" });
});

test("exec() gives a child exactly the environment it was made with, in English", async () => {
  const result = await exec(["env"], { timeoutMs, env: { MORE: "that" } });
  expect(new Set(result.stdout.trim().split("\n"))).toEqual(
    new Set([`PATH=${process.env.PATH}`, "ONLY=this", "LC_ALL=C", "MORE=that"]),
  );
});

test("exec() gives the exit code and both streams of a program that fails", async () => {
  const result = await exec(["sh", "-c", "echo out; echo err >&2; exit 7"], { timeoutMs });
  expect(result).toEqual({
    exitCode: 7,
    signal: undefined,
    stdout: "out\n",
    stderr: "err\n",
    notFound: false,
    timedOut: false,
  });
});

test("exec() hands over its input, an empty one too", async () => {
  expect(await exec(["cat"], { timeoutMs, input: "größe\n" })).toMatchObject({
    exitCode: 0,
    stdout: "größe\n",
  });
  expect(await exec(["cat"], { timeoutMs, input: "" })).toMatchObject({ exitCode: 0, stdout: "" });
});

test("exec() keeps characters of several bytes whole, wherever the pipe cuts", async () => {
  const script = "yes größe😀 | head -n 100000; yes größe😀 | head -n 100000 >&2";
  const { stdout, stderr } = await exec(["sh", "-c", script], { timeoutMs });
  const expected = "größe😀\n".repeat(100_000);
  expect([stdout === expected, stderr === expected]).toEqual([true, true]);
});

test("exec() tells a program that is not installed from one that exits 127", async () => {
  expect(await exec(["no-such-program"], { timeoutMs })).toMatchObject({ notFound: true, exitCode: null });
  expect(await exec(["sh", "-c", "exit 127"], { timeoutMs })).toMatchObject({
    notFound: false,
    exitCode: 127,
  });
});

test("exec() needs no shell along PATH", async () => {
  const bare = createExec({ PATH: "/nowhere" });
  expect(await bare(["/bin/echo", "here"], { timeoutMs })).toMatchObject({ exitCode: 0, stdout: "here\n" });
});

test("exec() says why a program could not be started", async () => {
  const tooLong = await exec(["true", "x".repeat(3_000_000)], { timeoutMs });
  expect(tooLong).toMatchObject({ exitCode: null, notFound: false });
  expect(tooLong.stderr).toContain("argument list too long");
});

test("exec() feeds input, and gives an empty one otherwise", async () => {
  expect((await exec(["cat"], { timeoutMs, input: "hello" })).stdout).toBe("hello");
  expect((await exec(["cat"], { timeoutMs })).stdout).toBe("");
});

test("exec() names the signal that ended a program", async () => {
  expect(await exec(["sh", "-c", "kill -9 $$"], { timeoutMs })).toMatchObject({
    exitCode: null,
    signal: "SIGKILL",
  });
});

/** A program whose child ignores TERM, and the file into which both write their pids. */
function stubborn(): {
  readonly command: [string, ...string[]];
  readonly pids: () => Promise<number[]>;
  readonly dir: string;
} {
  const dir = mkdtempSync(join(tmpdir(), "lastgood-exec-"));
  writeFileSync(join(dir, "pids"), "");
  const script = `sh -c 'trap "" TERM; echo $$ >>"$1"; while :; do sleep 0.05; done' s "$1" & echo $$ >>"$1"; wait`;
  const pids = async () => {
    const text = await Bun.file(join(dir, "pids")).text();
    return text.trim().split("\n").filter(Boolean).map(Number);
  };
  return { command: ["sh", "-c", script, "stubborn", join(dir, "pids")], pids, dir };
}

const isAlive = (pid: number) => {
  const stat = Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)])
    .stdout.toString()
    .trim();
  return stat !== "" && !stat.startsWith("Z");
};

test("exec() ends the whole group at its deadline, grandchildren that ignore TERM included", async () => {
  const { command, pids, dir } = stubborn();
  const result = await exec(command, { timeoutMs: 500 });
  expect(result).toMatchObject({ timedOut: true, exitCode: null });
  const started = await pids();
  expect(started).toHaveLength(2);
  expect(started.filter(isAlive)).toEqual([]);
  rmSync(dir, { recursive: true });
}, 20_000);

test("exec() ends the group and rejects with the reason when it is aborted", async () => {
  const { command, pids, dir } = stubborn();
  const abort = new AbortController();
  const running = exec(command, { timeoutMs: 60_000, signal: abort.signal });
  await waitFor(async () => (await pids()).length === 2, { what: "both processes" });
  abort.abort(new Error("stop now"));
  await expect(running).rejects.toThrow("stop now");
  expect((await pids()).filter(isAlive)).toEqual([]);
  rmSync(dir, { recursive: true });
}, 20_000);

test("exec() is not hurt by a program that ends without reading its input", async () => {
  const input = "x".repeat(5_000_000);
  expect(await exec(["sh", "-c", "exit 4"], { timeoutMs, input })).toMatchObject({ exitCode: 4 });
});
