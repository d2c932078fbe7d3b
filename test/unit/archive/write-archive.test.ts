import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { writeArchive } from "#lib/archive/write-archive.ts";
import { chooseCompressor } from "#lib/core/compression.ts";
import { createTarReader } from "#lib/core/tar-status.ts";
import { createApplicationSource } from "#lib/sources/application.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { openSource } from "#test/support/open-source.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test("writeArchive() calls what the destination refuses a failure, and no bug", async () => {
  await using sandbox = await createSandbox();
  await sandbox.write("app/index.php", "<?php");
  const source = createApplicationSource({
    APP_DIR: sandbox.path("app"),
    APP_EXCLUDES: [],
    APP_REQUIRED: [],
    APP_MIN_MB: 0,
    APP_ONE_FILE_SYSTEM: false,
  });
  if (source === undefined) throw new Error("There is no source");
  await using opened = await openSource(sandbox, source);
  rmSync(opened.directory, { recursive: true });
  await expect(opened.write()).rejects.toMatchObject({
    outcome: "failed",
    message: `Cannot write "${opened.path}"`,
    cause: { code: "ENOENT" },
  });
});

test("writeArchive() ends at once when what was written cannot be read on the way, and calls it no bug", async () => {
  await using sandbox = await createSandbox();
  const { signal } = new AbortController();
  const writing = writeArchive({
    producer: ["sh", "-c", "echo first; exec sleep 600"],
    reader: createTarReader(),
    compressor: chooseCompressor({ method: "none", level: undefined, threads: 1 }, false),
    fileName: "application.tar",
    directories: [sandbox.directory],
    proof: undefined,
    hasher: undefined,
    stallMs: 600_000,
    env: sandbox.environment,
    clock: systemClock,
    signal,
    onBytes: () => {
      throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
    },
    onRead: () => undefined,
  });
  await expect(writing).rejects.toMatchObject({
    outcome: "failed",
    message: `Cannot write "${sandbox.path("application.tar")}"`,
    cause: { code: "EIO" },
  });
});
