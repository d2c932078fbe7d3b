/** What a backup is for: plain tar brings back every byte and every attribute of a tree that has everything. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { isRoot } from "#test/support/capabilities.ts";
import { compareTrees, describeTree, type Tree } from "#test/support/compare-trees.ts";
import { createJob } from "#test/support/job.ts";
import { createNastyTree } from "#test/support/nasty-tree.ts";
import { createSandbox, runtimes, type Sandbox } from "#test/support/sandbox.ts";

const smallFiles = process.env.LASTGOOD_FAULT === "whole" ? 100_000 : 5_000;
const timeoutMs = 300_000;

// Only root may read a file of mode 000 and give files back to their owners.
describe.skipIf(!isRoot)("a tree that has everything", () => {
  let origin: Sandbox;
  let before: Tree;

  beforeAll(async () => {
    origin = await createSandbox();
    await createNastyTree(origin.path("tree"), { smallFiles });
    before = describeTree(origin.path("tree"));
  }, timeoutMs);
  afterAll(() => origin[Symbol.asyncDispose]());

  test.each(runtimes)(
    "comes back from a backup made on %s by plain tar",
    async (runtime) => {
      await using sandbox = await createSandbox();
      const job = await createJob(sandbox, { APP_DIR: origin.path("tree") });
      const ended = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config], {
        timeoutMs,
      });
      expect(ended).toMatchObject({ exitCode: 0 });
      const [set = "no set", ...others] = job.sets();
      expect(others).toEqual([]);

      const run = (program: string, ...args: readonly string[]) => execFileSync(program, args, { cwd: set });
      run("sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS");
      mkdirSync(sandbox.path("restored"));
      run(
        ...([
          "tar",
          "--zstd",
          "--warning=no-timestamp",
          "--numeric-owner",
          "--acls",
          "--xattrs",
          "--xattrs-include=*",
        ] as const),
        ...(["-xpf", "application.tar.zst", "-C", sandbox.path("restored")] as const),
      );

      // tar leaves sockets out by design: a server makes its own anew.
      const after = describeTree(sandbox.path("restored"));
      const differences = compareTrees(before, after, { ignore: (_, { type }) => type === "socket" });
      expect(differences).toEqual([]);
    },
    timeoutMs,
  );
});
