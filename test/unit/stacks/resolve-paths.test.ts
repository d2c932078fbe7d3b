import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Exec } from "#lib/core/deps.ts";
import { resolvePaths } from "#lib/stacks/resolve-paths.ts";
import { createExec } from "#lib/tools/exec.ts";

const exec = createExec({ PATH: process.env.PATH ?? "" });
const { signal } = new AbortController();
let base: string;
let server: Server;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "lastgood-paths-"));
  mkdirSync(join(base, "dir\nwith: line"));
  writeFileSync(join(base, "empty"), "");
  writeFileSync(join(base, "full"), "x");
  symlinkSync("dir\nwith: line", join(base, "link"));
  symlinkSync("nowhere", join(base, "dangling"));
  symlinkSync("b", join(base, "a"));
  symlinkSync("a", join(base, "b"));
  server = createServer();
  await new Promise<void>((resolve) => server.listen(join(base, "socket"), resolve));
});
afterAll(() => {
  server.close();
  rmSync(base, { recursive: true });
});

async function resolve(names: readonly string[], run: Exec = exec) {
  const problems: string[] = [];
  const asker = { exec: run, timeoutMs: 5000, signal };
  const found = await resolvePaths(
    asker,
    names.map((name) => join(base, name)),
    problems,
  );
  const facts = [...found].map(([path, at]) =>
    [path, at.path, at.type].map((text) => text.replace(`${base}/`, "")),
  );
  const links = [...found.values()].map((at) => at.links.map((link) => link.replace(`${base}/`, "")));
  return { facts, problems, links };
}

describe("resolvePaths()", () => {
  test("says of each path where it leads and what is there, whatever is in its name", async () => {
    const names = ["link", "empty", "full", "socket", "missing", "dangling", "dir\nwith: line", "link"];
    const { facts, problems } = await resolve(names);
    expect({ facts, problems }).toEqual({
      facts: [
        ["link", "dir\nwith: line", "directory"],
        ["empty", "empty", "file"],
        ["full", "full", "file"],
        ["socket", "socket", "other"],
        ["missing", "missing", "missing"],
        ["dangling", "nowhere", "missing"],
        ["dir\nwith: line", "dir\nwith: line", "directory"],
      ],
      problems: [],
    });
  });

  test("names the links on the way", async () => {
    symlinkSync("link", join(base, "second"));
    const { links } = await resolve(["second/sub", "full"]);
    expect(links).toEqual([["second"], []]);
  });

  test("calls missing what leads to itself", async () => {
    const { facts, problems } = await resolve(["full", "a"]);
    expect(facts).toEqual([
      ["full", "full", "file"],
      ["a", "a", "missing"],
    ]);
    expect(problems).toEqual([]);
  });

  test("knows the others when the file system of one gives no answer", async () => {
    const hanging: Exec = async (command, options) => {
      const isHung = command[0] === "stat" && command.some((word) => word.endsWith("/full"));
      if (!isHung) return exec(command, options);
      return { exitCode: null, signal: "SIGKILL", stdout: "", stderr: "", timedOut: true, notFound: false };
    };
    const { facts, problems } = await resolve(["full", "empty"], hanging);
    expect(facts).toEqual([
      ["full", "full", "missing"],
      ["empty", "empty", "file"],
    ]);
    expect(problems).toEqual([`Cannot look at "${join(base, "full")}": no answer from its file system`]);
  });

  test("asks nothing when there is nothing to ask", async () => {
    expect(await resolve([], () => Promise.reject(new Error("asked")))).toEqual({
      ...{ facts: [], problems: [], links: [] },
    });
  });
});
