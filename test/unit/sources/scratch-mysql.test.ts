import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startScratchMysql } from "#lib/sources/scratch-mysql.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { hasMariadb } from "#test/support/mariadb-server.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test.skipIf(!hasMariadb)(
  "startScratchMysql() leaves the temporary tables of a live server alone",
  async () => {
    await using sandbox = await createSandbox();
    const [shared, directory] = [sandbox.path("tmp"), sandbox.path("server")];
    for (const path of [shared, directory]) mkdirSync(path);
    chmodSync(shared, 0o777);
    const ofLive = "#sql-temptable-1f-3-a.MAI";
    writeFileSync(join(shared, ofLive), "");
    const childEnvironment = { PATH: process.env.PATH ?? "", TMPDIR: shared };
    const server = await startScratchMysql({
      exec: createExec(childEnvironment),
      clock: systemClock,
      signal: new AbortController().signal,
      isRoot,
      childEnvironment,
      directory,
    });
    try {
      expect(readdirSync(shared)).toEqual([ofLive]);
      await server.restartOpen();
      expect(readdirSync(shared)).toEqual([ofLive]);
    } finally {
      await server.stop();
    }
  },
);
