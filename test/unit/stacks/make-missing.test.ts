import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeMissing } from "#lib/stacks/make-missing.ts";
import { createExec } from "#lib/tools/exec.ts";

const exec = createExec({ PATH: process.env.PATH ?? "" });
const asker = { exec, timeoutMs: 10_000, signal: new AbortController().signal };

test("makeMissing() makes directories that everybody may enter, and leaves what is there", async () => {
  const top = mkdtempSync(join(tmpdir(), "lastgood-"));
  try {
    writeFileSync(join(top, "file"), "content");
    mkdirSync(join(top, "closed"), { mode: 0o700 });
    await makeMissing(asker, [join(top, "file"), join(top, "closed"), join(top, "new/deep")]);
    expect(statSync(join(top, "new/deep")).mode & 0o777).toBe(0o755);
    expect(statSync(join(top, "closed")).mode & 0o777).toBe(0o700);
    expect(new Set(readdirSync(top))).toEqual(new Set(["file", "closed", "new"]));
    await expect(makeMissing(asker, [join(top, "file/below")])).rejects.toThrow("Cannot create");
  } finally {
    rmSync(top, { recursive: true });
  }
});
