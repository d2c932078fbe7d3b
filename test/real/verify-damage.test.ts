/** No bit of a set can change, and no file of it can be cut, without `restore verify` saying so; and none of it is restored then. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { restore } from "#lib/restore/restore.ts";
import { createJob } from "#test/support/job.ts";
import { restoreContext } from "#test/support/restore-context.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const times = process.env.LASTGOOD_FAULT === "whole" ? 200 : 40;

describe("restore verify", () => {
  let sandbox: Sandbox;
  let set: string;
  let files: readonly string[];

  beforeAll(async () => {
    sandbox = await createSandbox();
    const job = await createJob(sandbox, { SYSTEM_STATE: "false" });
    await sandbox.write(
      "srv/app/random",
      Buffer.from(Array.from({ length: 20_000 }, (_, n) => (n * n * 31) % 251)).toString("latin1"),
    );
    await sandbox.run("bun", "scripts/backup-run.ts", ["--config", job.config]);
    set = job.sets()[0] ?? "no set";
    files = readdirSync(set);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const verify = () =>
    restore(
      restoreContext(sandbox, { operands: ["verify"], flags: { from: sandbox.path("backups"), all: true } }),
    );

  /** Change a file for the time of one verification and one restore. */
  async function outcomeAfter(file: string, change: (path: string, bytes: Buffer) => void): Promise<string> {
    const path = join(set, file);
    const bytes = readFileSync(path);
    change(path, bytes);
    try {
      await expectNothingRestored();
      return (await verify()).outcome;
    } finally {
      writeFileSync(path, bytes);
    }
  }

  async function expectNothingRestored(): Promise<void> {
    const to = sandbox.path("back");
    const flags = { from: sandbox.path("backups"), to };
    const error = await restore(restoreContext(sandbox, { operands: ["restore", "latest"], flags })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(OpsError);
    expect(describeError(error)).toMatch(/No copy of the set can be used|There is no set/);
    expect(existsSync(to) ? readdirSync(to) : []).toEqual([]);
  }

  const place = () =>
    fc.constantFrom(...files).chain((file) =>
      fc.record({
        file: fc.constant(file),
        at: fc.integer({ min: 0, max: statSync(join(set, file)).size - 1 }),
      }),
    );

  test("finds a set whole that is whole", async () => {
    expect(await verify()).toMatchObject({ outcome: "complete" });
  });

  test(`finds each of ${times} flipped bits, and restores nothing then`, async () => {
    await fc.assert(
      fc.asyncProperty(place(), fc.integer({ min: 0, max: 7 }), async ({ file, at }, bit) => {
        const outcome = await outcomeAfter(file, (path, bytes) => {
          const changed = Buffer.from(bytes);
          changed[at]! ^= 1 << bit;
          writeFileSync(path, changed);
        });
        expect(outcome).toBe("failed");
      }),
      { numRuns: times },
    );
  }, 240_000);

  test(`finds each of ${times} truncations, and restores nothing then`, async () => {
    await fc.assert(
      fc.asyncProperty(place(), async ({ file, at }) => {
        expect(await outcomeAfter(file, (path) => truncateSync(path, at))).toBe("failed");
      }),
      { numRuns: times },
    );
  }, 240_000);
});
