import { expect, test } from "bun:test";
import { commandOnLifeline } from "#lib/core/container-command.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test("commandOnLifeline() ends with its command, however soon that ends", async () => {
  await using sandbox = await createSandbox();
  // A container that is this machine.
  await sandbox.fake("docker", '#!/bin/sh\nshift 3\nexec "$@"\n');
  const exec = createExec({ PATH: `${sandbox.bin}:/usr/bin:/bin` });
  const command = commandOnLifeline("c1", undefined, ["sh", "-c", "exit 3"]);
  const ends = [];
  for (let round = 0; round < 40; round += 1) ends.push(await exec(command, { timeoutMs: 10_000 }));
  expect(new Set(ends.map(({ exitCode }) => exitCode))).toEqual(new Set([3]));
}, 60_000);
