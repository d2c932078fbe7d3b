import { describe, expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const contenders = 8;
/** 1,000 starts of 8 processes in the whole matrix, shared by the runtimes. */
const rounds = isWhole ? 500 : 15;

describe.each(runtimes)("takeLock() on %s", (runtime) => {
  test(
    `never lets two in when ${contenders} processes start at once, ${rounds} times, and keeps the inode`,
    async () => {
      await using sandbox = await createSandbox();
      const lockFile = sandbox.path("contended.lock");
      writeFileSync(lockFile, "");
      const inode = statSync(lockFile).ino;
      const counts = { held: 0, busy: 0 };
      for (let round = 0; round < rounds; round += 1) {
        const ended = await Promise.all(
          Array.from({ length: contenders }, () =>
            sandbox.run(runtime, "test/support/contender.ts", [lockFile, sandbox.path("inside")]),
          ),
        );
        const words = ended.map(({ stdout, stderr }) => stdout.trim() || stderr);
        expect(words.filter((word) => word !== "held" && word !== "busy")).toEqual([]);
        expect(words).toContain("held");
        counts.held += words.filter((word) => word === "held").length;
        counts.busy += words.filter((word) => word === "busy").length;
      }
      expect(counts.held + counts.busy).toBe(rounds * contenders);
      expect(counts.busy).toBeGreaterThan(0);
      expect(statSync(lockFile).ino).toBe(inode);
    },
    isWhole ? 900_000 : 60_000,
  );
});
