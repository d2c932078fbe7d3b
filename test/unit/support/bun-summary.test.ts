import { describe, expect, test } from "bun:test";
import { execPath } from "node:process";
import { formatCounts, listFailedFiles, parseBunSummary } from "#test/support/bun-summary.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const testFile = `
import { expect, test } from "bun:test";
test("passes", () => {});
test("fails", () => expect(1).toBe(2));
test.skip("is skipped", () => {});
test.todo("is to be done", () => {});
test("says what looks like a summary", () => console.error(" 7 pass\\n 9 fail\\nRan 16 tests across 1 file. [1ms]"));
`;

describe("parseBunSummary()", () => {
  test("counts what Bun says at its end, a file that cannot be loaded as a failure", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("a.test.ts", testFile);
    await sandbox.write("b.test.ts", 'throw new Error("does not load");\n');
    for (const mode of ["--parallel", "--no-isolate"]) {
      const child = Bun.spawnSync([execPath, "test", mode], {
        cwd: sandbox.directory,
        env: sandbox.environment,
      });
      expect(child.exitCode).toBe(1);
      expect(parseBunSummary(child.stderr.toString())).toEqual({ passed: 2, failed: 2, skipped: 2 });
    }
  });

  test("knows no counts when Bun did not come to its end", () => {
    expect(parseBunSummary(" 3 pass\n")).toBeUndefined();
    expect(parseBunSummary("")).toBeUndefined();
  });
});

test("listFailedFiles() names the files of what failed, and no other", async () => {
  await using sandbox = await createSandbox();
  await sandbox.write("a.test.ts", testFile);
  await sandbox.write("c.test.ts", 'import { test } from "bun:test";\ntest("passes", () => {});\n');
  for (const mode of ["--parallel", "--no-isolate"]) {
    const { directory: cwd, environment: env } = sandbox;
    const { stderr } = Bun.spawnSync([execPath, "test", mode], { cwd, env });
    expect(listFailedFiles(stderr.toString())).toEqual(["a.test.ts"]);
  }
  expect(listFailedFiles("a.test.ts:\n(pass) one\n\n1 tests failed:\n(fail) two\n")).toEqual([]);
});

test("formatCounts() names skips where there are any", () => {
  expect(formatCounts({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(formatCounts({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});
