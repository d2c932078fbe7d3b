import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { swapDatabaseFile, undoFileSwap } from "#lib/stores/swap-database-file.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const access = { exec: createExec({ PATH: process.env["PATH"] ?? "" }), timeoutMs: 10_000 };

async function createFiles(wasThere: boolean) {
  const sandbox = await createSandbox();
  const entry = {
    kind: "database-swap",
    component: "database-app",
    target: sandbox.path("app's.db"),
    incoming: sandbox.path(".restoring-app"),
    aside: sandbox.path("app.before"),
    wasThere,
  } as const;
  if (wasThere) writeFileSync(entry.target, "old");
  if (wasThere) writeFileSync(`${entry.target}-wal`, "log of old");
  writeFileSync(entry.incoming, "new");
  const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : undefined);
  const found = () => ({
    target: read(entry.target),
    log: read(`${entry.target}-wal`),
    kept: read(entry.aside),
    keptLog: read(`${entry.aside}-wal`),
    incoming: read(entry.incoming),
  });
  return { entry, found, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

const nothing = {
  target: undefined,
  log: undefined,
  kept: undefined,
  keptLog: undefined,
  incoming: undefined,
};
const before = { ...nothing, target: "old", log: "log of old" };
const after = { ...nothing, target: "new", kept: "old", keptLog: "log of old" };

describe("swapDatabaseFile()", () => {
  test("keeps what was with its log, and undoFileSwap() leaves that alone", async () => {
    await using files = await createFiles(true);
    await swapDatabaseFile(files.entry, access);
    expect(files.found()).toEqual(after);
    expect(await undoFileSwap(files.entry, access)).toEqual([
      `Replaced as a whole: database ${files.entry.target}; what was before is ${files.entry.aside}`,
    ]);
    expect(files.found()).toEqual(after);
  });

  test("needs nothing that was there", async () => {
    await using files = await createFiles(false);
    await swapDatabaseFile(files.entry, access);
    expect(files.found()).toEqual({ ...nothing, target: "new" });
    expect(await undoFileSwap(files.entry, access)).toEqual([
      `Replaced as a whole: database ${files.entry.target}; there was none before`,
    ]);
  });
});

describe("undoFileSwap()", () => {
  test.each(["nothing", "ln", "mv"])(
    "brings back what was when %s was the last that was done",
    async (last) => {
      await using files = await createFiles(true);
      const exec: typeof access.exec = async (command, options) => {
        if (
          last === "nothing" ||
          (last === "ln" && command[0] === "mv" && command.includes(files.entry.incoming))
        )
          throw new Error("killed");
        if (last === "mv" && command[0] === "ln") throw new Error("killed");
        return access.exec(command, options);
      };
      expect(await Promise.allSettled([swapDatabaseFile(files.entry, { ...access, exec })])).toMatchObject([
        { status: "rejected" },
      ]);
      await undoFileSwap(files.entry, access);
      await undoFileSwap(files.entry, access);
      expect(files.found()).toEqual(before);
    },
  );

  test("takes the kept one back when nothing else is left, and removes none that is another", async () => {
    await using files = await createFiles(true);
    writeFileSync(files.entry.aside, "somebody's");
    const undone = await Promise.allSettled([undoFileSwap(files.entry, access)]);
    expect(undone).toMatchObject([{ status: "rejected" }]);
    expect(files.found()).toMatchObject({ target: "old", kept: "somebody's" });
  });
});
