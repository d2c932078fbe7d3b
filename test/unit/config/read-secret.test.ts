import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { readSecretFile } from "#lib/config/read-secret.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test("readSecretFile() does not wait for ever for a file that gives no answer", async () => {
  await using sandbox = await createSandbox();
  const fifo = sandbox.path("secret");
  execFileSync("mkfifo", ["-m", "600", fifo]);
  const deps = { exec: () => Promise.reject(new Error("no programs here")) };
  const base = { configFlag: undefined, env: {}, cwd: "/", home: "/root", hostname: "web1", deps };
  const request = { ...base, uid: process.getuid?.() ?? 0, answerMs: 100 };
  await expect(readSecretFile(fifo, sandbox.directory, request)).rejects.toThrow("no answer");
  // Lets the thread go that waits.
  await writeFile(fifo, "x");
});
