import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { swapDirectory, undoSwap } from "#lib/stores/swap-directory.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const access = { exec: createExec({ PATH: process.env["PATH"] ?? "" }), timeoutMs: 10_000 };

async function createTrees() {
  const sandbox = await createSandbox();
  const entry = {
    kind: "swap",
    target: sandbox.path("app"),
    incoming: sandbox.path(".restoring-app"),
    aside: sandbox.path("app.before"),
    wasThere: true,
  } as const;
  const make = (path: string, name: string) => {
    mkdirSync(path);
    writeFileSync(join(path, name), name);
  };
  make(entry.target, "old");
  make(entry.incoming, "new");
  const list = (path: string) => (existsSync(path) ? readdirSync(path) : undefined);
  const found = () => ({
    target: list(entry.target),
    aside: list(entry.aside),
    incoming: list(entry.incoming),
    meanwhile: list(`${entry.aside}-meanwhile`),
  });
  return { entry, make, found, [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose]() };
}

const before = { target: ["old"], aside: undefined, incoming: undefined, meanwhile: undefined };

describe("undoSwap()", () => {
  test("leaves alone what has been replaced, and says so", async () => {
    await using trees = await createTrees();
    await swapDirectory(trees.entry, access);
    const { target, aside } = trees.entry;
    expect(await undoSwap(trees.entry, access)).toEqual([
      `Replaced as a whole: ${target}; what was before lies in ${aside}`,
    ]);
    expect(trees.found()).toEqual({ ...before, target: ["new"], aside: ["old"] });
  });

  test("puts back what was when it ended between the two renames, and is safe to repeat", async () => {
    await using trees = await createTrees();
    const { target, aside } = trees.entry;
    renameSync(target, aside);
    expect(await undoSwap(trees.entry, access)).toContain(`Put back what was to be replaced: ${target}`);
    expect(trees.found()).toEqual(before);
    expect(await undoSwap(trees.entry, access)).toEqual([`As it was: ${target}`]);
    expect(trees.found()).toEqual(before);
  });

  test("puts back what was when a service made its directory anew in between, and keeps what that wrote", async () => {
    await using trees = await createTrees();
    const { target, aside } = trees.entry;
    renameSync(target, aside);
    trees.make(target, "written meanwhile");
    const notes = await undoSwap(trees.entry, access);
    expect(trees.found()).toEqual({ ...before, meanwhile: ["written meanwhile"] });
    expect(notes).toContain(`Put back what was to be replaced: ${target}`);
    expect(notes.join("\n")).toContain(`${aside}-meanwhile`);
    expect(notes.join("\n")).not.toContain("Replaced as a whole");
  });

  test("takes what somebody made where nothing was for no restored tree", async () => {
    await using trees = await createTrees();
    const entry = { ...trees.entry, wasThere: false };
    expect(await undoSwap(entry, access)).toEqual([
      `As it was: ${entry.target}`,
      `Removed what was half restored: ${entry.incoming}`,
    ]);
    expect(trees.found()).toEqual(before);
  });
});
