import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { createApplicationSource } from "#lib/sources/application.ts";
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
