import { expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Exec } from "#lib/core/deps.ts";
import { askPaths, askSpaces } from "#lib/health/ask-paths.ts";
import { createExec } from "#lib/tools/exec.ts";

const exec = createExec({ PATH: process.env.PATH ?? "" });

/** Real programs, but what lies below /hung never answers. */
function hanging(calls: string[][]): Exec {
  return async (command, options) => {
    calls.push([...command]);
    if (!command.includes("/hung")) return exec(command, options);
    return { exitCode: null, signal: "SIGTERM", stdout: "", stderr: "", timedOut: true, notFound: false };
  };
}

const askerOf = (run: Exec) => ({ exec: run, timeoutMs: 10_000, signal: new AbortController().signal });

test("askPaths() and askSpaces() ask about all by one child, whatever is in their names, and say what is missing", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lastgood-"));
  try {
    const odd = join(directory, "it's\na $(name)");
    await mkdir(odd);
    await chmod(odd, 0o750);
    const calls: string[][] = [];
    const missing = join(directory, "missing");
    const facts = await askPaths(askerOf(hanging(calls)), [odd, missing, odd]);
    expect(calls).toHaveLength(1);
    expect(facts.get(odd)).toEqual({ ok: true, value: { isDirectory: true, mode: 0o750 } });
    expect(facts.get(missing)).toEqual({ ok: false, reason: "No such file or directory" });
    const spaces = await askSpaces(askerOf(exec), [odd, missing]);
    expect(spaces.get(odd)).toMatchObject({ ok: true });
    expect(spaces.get(missing)).toMatchObject({ ok: false });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("askPaths() tells of a mount that does not answer alone, and of the others all the same", async () => {
  const facts = await askPaths(askerOf(hanging([])), ["/", "/hung"]);
  expect(facts.get("/")).toMatchObject({ ok: true });
  expect(facts.get("/hung")).toEqual({ ok: false, reason: "no answer from the file system after 10 s" });
});

test("askPaths() asks nobody about nothing", async () => {
  const calls: string[][] = [];
  expect(await askPaths(askerOf(hanging(calls)), [])).toEqual(new Map());
  expect(calls).toEqual([]);
});
