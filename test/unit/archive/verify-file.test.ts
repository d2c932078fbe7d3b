import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { verifyFile } from "#lib/archive/verify-file.ts";
import { createExec } from "#lib/tools/exec.ts";
import { findHasher } from "#lib/tools/medium-hash.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const env = { PATH: process.env.PATH ?? "" };
const signal = new AbortController().signal;
const hashers = [
  ["openssl", "dgst", "-sha256", "-r"],
  ["sha256sum", "-"],
];

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function request(path: string, options: { env?: typeof env; hasher?: string[]; stallMs?: number } = {}) {
  return { path, env, hasher: hashers[0] ?? [], stallMs: 10_000, signal, ...options };
}

const withFakes = (sandbox: Sandbox) => ({ PATH: sandbox.environment.PATH ?? "" });

// Sizes around the block of direct I/O and dd's buffer: the tail is where a reader loses bytes.
test.each([0, 1, 511, 512, 4095, 4096, 4097, 4_194_304, 4_194_305, 9_000_001])(
  "verifyFile() reads %d bytes back from the medium, with either hasher",
  async (size) => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("file");
    writeFileSync(path, randomBytes(size));
    for (const hasher of hashers) {
      expect(await verifyFile(sha256Of(path), request(path, { hasher }))).toEqual({
        how: "medium",
        problem: undefined,
      });
    }
  },
);

test("verifyFile() falls back to the page cache, and says so, where there is no direct I/O", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("file");
  writeFileSync(path, randomBytes(100_000));
  await sandbox.fake(
    "dd",
    `#!/bin/sh\ncase "$*" in *direct*) echo "dd: failed to open '$1': Invalid argument" >&2; exit 1;; esac\nexec /usr/bin/dd "$@"\n`,
  );
  const found = await verifyFile(sha256Of(path), request(path, { env: withFakes(sandbox) }));
  expect(found).toEqual({ how: "cache", problem: undefined });
});

test("verifyFile() finds one flipped bit wherever it is", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("file");
  const content = randomBytes(300_000);
  writeFileSync(path, content);
  const good = sha256Of(path);
  for (const at of [0, 4096, 150_000, content.length - 1]) {
    const bad = Buffer.from(content);
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    writeFileSync(path, bad);
    const { problem } = await verifyFile(good, request(path));
    expect(problem).toBe("it reads back with another SHA-256 than was written");
  }
});

test("verifyFile() finds a truncated file", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("file");
  writeFileSync(path, randomBytes(10_000));
  const good = sha256Of(path);
  truncateSync(path, 9999);
  expect((await verifyFile(good, request(path))).problem).toContain("another SHA-256");
});

test("verifyFile() gives dd's words for a file that is gone, and for a medium that fails in the middle", async () => {
  await using sandbox = await createSandbox();
  expect((await verifyFile("", request("/nonexistent/file"))).problem).toContain("No such file or directory");
  await sandbox.fake(
    "dd",
    "#!/bin/sh\nhead -c 5000 /dev/zero; echo \"dd: error reading 'x': Input/output error\" >&2; exit 1\n",
  );
  const failed = await verifyFile("", request("x", { env: withFakes(sandbox) }));
  expect(failed.problem).toBe("dd: error reading 'x': Input/output error");
});

test("verifyFile() gives up on a reader that shows no progress", async () => {
  await using sandbox = await createSandbox();
  await sandbox.fake("dd", "#!/bin/sh\nexec sleep 1000\n");
  const found = await verifyFile("", request("x", { env: withFakes(sandbox), stallMs: 200 }));
  expect(found.problem).toBe('Cannot read "x": no answer for 0.2 s');
});

test("verifyFile() ends its programs and rejects when the run is stopped", async () => {
  await using sandbox = await createSandbox();
  await sandbox.fake("dd", "#!/bin/sh\nexec sleep 1000\n");
  const stop = new AbortController();
  const verifying = verifyFile("", { ...request("x", { env: withFakes(sandbox) }), signal: stop.signal });
  stop.abort(new Error("stopped"));
  await expect(verifying).rejects.toThrow("stopped");
});

test("findHasher() prefers openssl, and does without it", async () => {
  await using sandbox = await createSandbox();
  expect(await findHasher(createExec(env), signal)).toEqual(hashers[0] ?? []);
  await sandbox.fake("openssl", "#!/bin/sh\nexit 1\n");
  expect(await findHasher(createExec(withFakes(sandbox)), signal)).toEqual(hashers[1] ?? []);
});
