import { expect, test } from "bun:test";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import { checkProgram } from "#lib/preflight/check-program.ts";

const { signal } = new AbortController();
const create = "Create it (mkdir -p -m 700 '/srv/my app'), or mount what belongs there";

function failing(stderr: string, more: { readonly timedOut?: boolean } = {}) {
  const result = { exitCode: null, signal: undefined, stdout: "", stderr, timedOut: false, notFound: false };
  return { exec: async () => ({ ...result, ...more }), timeoutMs: 2000, signal };
}

test.each([
  ["stat: cannot statx '/srv/my app': No such file or directory", create],
  ['Cannot start "stat": too many open files', "Look at the limits of files and processes (ulimit -a)"],
  ["stat: cannot statx '/srv/my app': Permission denied", "Look at the directories above it"],
  ["stat: cannot statx '/srv/my app': Input/output error", "Look at the directories above it"],
])("checkDirectory() hints at what helps against: %s", async (stderr, hint) => {
  const finding = await checkDirectory(failing(stderr), "destination", "/srv/my app");
  expect(finding.passed).toBe(false);
  expect(finding.hint).toStartWith(hint);
});

test.each(["source", "stack"])("checkDirectory() has nobody make an empty %s", async (role) => {
  const missing = failing("stat: cannot statx '/srv/app': No such file or directory");
  const { hint } = await checkDirectory(missing, role, "/srv/app");
  expect(hint).toBe("Correct the path in the configuration, or mount what belongs there");
});

test("checkDirectory() hints at the mount when there is no answer", async () => {
  const finding = await checkDirectory(failing("", { timedOut: true }), "source", "/mnt/nas");
  expect(finding.hint).toBe("Look at its mount: the file system gives no answer");
});

test("checkProgram() has nothing reinstalled that gives no answer", async () => {
  const { exec } = failing("", { timedOut: true });
  const finding = await checkProgram(exec, { program: "zstd", package: "zstd" }, signal);
  expect(finding.hint).toBe("Look at its mount: the file system gives no answer");
});

test("checkProgram() takes nothing for missing that is there and cannot be started", async () => {
  const { exec } = failing('Cannot start "zstd": too many open files');
  const finding = await checkProgram(exec, { program: "zstd", package: "zstd" }, signal);
  expect(finding.message).toEndWith("too many open files");
  expect(finding.hint).toBe("Look at the limits of files and processes (ulimit -a)");
});
