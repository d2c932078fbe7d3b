import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { verifyFile } from "#lib/archive/verify-file.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const limits = {
  env: { PATH: process.env.PATH ?? "" },
  stallMs: 10_000,
  signal: new AbortController().signal,
};

function expected(path: string) {
  const content = readFileSync(path);
  return { path, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}

// Sizes around the block of direct I/O and dd's buffer: the tail is where a reader loses bytes.
test.each([0, 1, 511, 512, 4095, 4096, 4097, 4_194_304, 4_194_305, 9_000_001])(
  "verifyFile() reads %d bytes back from the medium",
  async (size) => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("file");
    writeFileSync(path, randomBytes(size));
    expect(await verifyFile(expected(path), limits)).toEqual({ how: "medium", problem: undefined });
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
  const env = { PATH: sandbox.environment["PATH"] ?? "" };
  expect(await verifyFile(expected(path), { ...limits, env })).toEqual({ how: "cache", problem: undefined });
});

test("verifyFile() finds one flipped bit wherever it is", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("file");
  const content = randomBytes(300_000);
  writeFileSync(path, content);
  const good = expected(path);
  for (const at of [0, 4096, 150_000, content.length - 1]) {
    const bad = Buffer.from(content);
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    writeFileSync(path, bad);
    expect((await verifyFile(good, limits)).problem).toBe(
      "it reads back with another SHA-256 than was written",
    );
  }
});

test("verifyFile() says how many bytes are missing from a truncated file", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("file");
  writeFileSync(path, randomBytes(10_000));
  const good = expected(path);
  truncateSync(path, 9_000);
  expect((await verifyFile(good, limits)).problem).toBe("it reads back as 9000 bytes, 10000 were written");
});

test("verifyFile() gives dd's words for a file that is gone", async () => {
  const gone = { path: "/nonexistent/file", bytes: 1, sha256: "" };
  expect((await verifyFile(gone, limits)).problem).toContain("No such file or directory");
});

test("verifyFile() gives up on a reader that sends nothing", async () => {
  await using sandbox = await createSandbox();
  await sandbox.fake("dd", "#!/bin/sh\nexec sleep 1000\n");
  const env = { PATH: sandbox.environment["PATH"] ?? "" };
  const found = await verifyFile({ path: "x", bytes: 1, sha256: "" }, { ...limits, env, stallMs: 200 });
  expect(found.problem).toBe('Cannot read "x": no answer for 0.2 s');
});
