import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { isRoot } from "#test/support/capabilities.ts";
import { createSandbox, exists, runtimeProgram, runtimes, treeOf } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const showEnvironment = `
import process from "node:process";
import { execFileSync } from "node:child_process";
console.log(JSON.stringify({ env: process.env, uid: process.getuid(), pid: process.pid }));
console.log(execFileSync("tar", process.argv.slice(2), { encoding: "utf8" }));
`;
const sleepForEver = `
import process from "node:process";
console.log("ready");
process.stdin.on("data", (text) => console.log("read " + text));
setInterval(() => {}, 1000);
`;

describe.each(runtimes)("createSandbox() on %s", (runtime) => {
  test("shows a script its own environment and nothing else", async () => {
    await using sandbox = await createSandbox();
    await sandbox.fake("tar", '#!/bin/sh\necho "fake tar: $*"\n');
    const script = await sandbox.write("show.mjs", showEnvironment);
    const ended = await sandbox.run(runtime, script, ["-c", "a b"], { env: { JOB: "shop" } });
    expect(ended).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    const [json, fakeOutput] = ended.stdout.split("\n");
    expect(JSON.parse(json ?? "")).toMatchObject({
      env: { ...sandbox.environment, JOB: "shop" },
      pid: ended.pid,
    });
    const names = new Set(Object.keys(JSON.parse(json ?? "").env));
    expect(names).toEqual(new Set(["HOME", "JOB", "LANG", "NO_COLOR", "PATH", "TZ"]));
    expect(fakeOutput).toBe("fake tar: -c a b");
  });

  test("runs a preloaded module before the script", async () => {
    await using sandbox = await createSandbox();
    const preload = await sandbox.write("preload.mjs", 'console.log("first");\n');
    const script = await sandbox.write("script.mjs", 'console.log("second");\n');
    const ended = await sandbox.run(runtime, script, [], { preload });
    expect(ended.stdout).toBe("first\nsecond\n");
  });

  test("gives a live process that a signal reaches", async () => {
    await using sandbox = await createSandbox();
    const script = await sandbox.write("sleep.mjs", sleepForEver);
    const running = sandbox.start(runtime, script, [], { stdin: "hello" });
    await waitFor(() => running.stdout.includes("read hello"), { what: "the script to read its input" });
    expect(await readFile(`/proc/${running.pid}/cmdline`, "utf8")).toStartWith(runtimeProgram(runtime));
    running.kill("SIGKILL");
    expect(await running.exited).toMatchObject({ exitCode: null, signal: "SIGKILL" });
  });

  test("ends its processes and removes itself when its scope is left", async () => {
    let pid = 0;
    let directory = "";
    {
      await using sandbox = await createSandbox();
      directory = sandbox.directory;
      const script = await sandbox.write("sleep.mjs", sleepForEver);
      const running = sandbox.start(runtime, script);
      pid = running.pid;
      await waitFor(() => running.stdout.includes("ready"), { what: "the script to begin" });
    }
    expect(await exists(`/proc/${pid}`)).toBe(false);
    expect(await exists(directory)).toBe(false);
  });

  test("throws with the output of a script that does not end in time", async () => {
    await using sandbox = await createSandbox();
    const script = await sandbox.write("sleep.mjs", sleepForEver);
    await expect(sandbox.run(runtime, script, [], { timeoutMs: 1_500 })).rejects.toThrow(
      /did not end.*\nready/,
    );
  });

  test.skipIf(!isRoot)("runs a script as another user", async () => {
    await using sandbox = await createSandbox();
    const script = await sandbox.write("show.mjs", showEnvironment);
    const ended = await sandbox.run(runtime, script, ["--version"], { uid: 65534 });
    expect(JSON.parse(ended.stdout.split("\n")[0] ?? "")).toMatchObject({ uid: 65534 });
  });
});

test("treeOf() names everything below a directory", async () => {
  await using sandbox = await createSandbox();
  await sandbox.write("tree/a/b", "");
  await sandbox.write("tree/c", "");
  expect(await treeOf(sandbox.path("tree"))).toEqual(["a/", "a/b", "c"]);
});

test("waitFor() says what it waited for in vain", async () => {
  await expect(waitFor(() => false, { timeoutMs: 20, what: "rain" })).rejects.toThrow(
    "Waited 20 ms in vain for rain",
  );
});
