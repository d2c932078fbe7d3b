import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { findStacks, type StackSearch } from "#lib/stacks/find-stacks.ts";
import { createExec } from "#lib/tools/exec.ts";

const made: string[] = [];
const { signal } = new AbortController();

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory with these files, empty; what ends with a slash is a directory. */
function stacksWith(...paths: readonly string[]): string {
  const base = mkdtempSync(join(tmpdir(), "lastgood-stacks-"));
  made.push(base);
  for (const path of paths) {
    mkdirSync(path.endsWith("/") ? join(base, path) : join(base, dirname(path)), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(join(base, path), "");
  }
  return base;
}

function find(
  base: string,
  search: Partial<StackSearch> = {},
  exec = createExec({ PATH: process.env.PATH ?? "" }),
) {
  const all = {
    STACKS_DIR: base,
    STACKS_DIR_APPEND_HOSTNAME: "auto",
    STACKS_SELECT: [],
    STACKS_SKIP: [],
  } as const;
  return findStacks({ exec, timeoutMs: 5000, signal }, { ...all, ...search }, "web1");
}

describe("findStacks()", () => {
  test.each([
    [["compose.yml", "compose.yaml", "docker-compose.yml"], ["compose.yaml"]],
    [["docker-compose.yaml", "docker-compose.yml"], ["docker-compose.yml"]],
    [["docker-compose.yaml"], ["docker-compose.yaml"]],
    [
      ["compose.yml", "docker-compose.override.yml", "compose.override.yaml", ".env"],
      ["compose.yml", "compose.override.yaml", ".env"],
    ],
  ])("chooses among %p as compose does: %p", async (present, chosen) => {
    const base = stacksWith(...present.map((name) => `plex/${name}`));
    const { stacks } = await find(base);
    expect(stacks).toEqual([
      { name: "plex", directory: join(base, "plex"), files: chosen.map((name) => join(base, "plex", name)) },
    ]);
  });

  test("takes names with spaces and quotes, in order, and says which directories have no compose file", async () => {
    const base = stacksWith(
      "my shop/compose.yaml",
      `a'b"c/compose.yaml`,
      "plain/x",
      ".git/compose.yaml",
      "file",
    );
    const { stacks, notes, problems } = await find(base);
    expect(stacks.map(({ name }) => name)).toEqual([`a'b"c`, "my shop"]);
    expect(notes).toEqual([`Directory "${join(base, "plain")}" has no compose file`]);
    expect(problems).toEqual([]);
  });

  test("follows links to stacks, and is not led in circles", async () => {
    const base = stacksWith("real/compose.yaml", "loop/");
    symlinkSync("real", join(base, "link"));
    symlinkSync("..", join(base, "loop/again"));
    symlinkSync("nowhere", join(base, "dangling"));
    symlinkSync("itself", join(base, "itself"));
    const { stacks, problems } = await find(base);
    expect(problems).toEqual([]);
    expect(stacks.map(({ name }) => name)).toEqual(["link", "real"]);
  });

  test("takes no directory for a compose file, nor one that lies deeper", async () => {
    const base = stacksWith("odd/compose.yaml/", "deep/er/compose.yaml");
    expect((await find(base)).stacks).toEqual([]);
  });

  test("refuses a stack whose name no line of a log can hold", async () => {
    const base = stacksWith("a\nb/compose.yaml");
    const { stacks, problems } = await find(base);
    expect(stacks).toEqual([]);
    expect(problems).toEqual([
      `Cannot back up the stack in ${JSON.stringify(join(base, "a\nb"))}: rename its directory`,
    ]);
  });

  test.each([
    ["auto", "web1"],
    ["true", "web1"],
    ["false", ""],
  ] as const)(
    "with STACKS_DIR_APPEND_HOSTNAME=%s looks in: %p",
    async (STACKS_DIR_APPEND_HOSTNAME, below) => {
      const base = stacksWith("web1/plex/compose.yaml", "plex/compose.yaml");
      const found = await find(base, { STACKS_DIR_APPEND_HOSTNAME });
      expect(found.base).toBe(join(base, below));
      expect(found.stacks.map(({ directory }) => directory)).toEqual([join(base, below, "plex")]);
    },
  );

  test("looks into STACKS_DIR itself when there is nothing of the host's name", async () => {
    const base = stacksWith("plex/compose.yaml");
    expect((await find(base)).base).toBe(base);
    await expect(find(base, { STACKS_DIR_APPEND_HOSTNAME: "true" })).rejects.toThrow("web1");
  });

  test("tells what was asked for and is not there, and keeps quiet about what is skipped", async () => {
    const base = stacksWith("plex/compose.yaml", "plain/", "old/");
    const { stacks, problems, notes } = await find(base, {
      STACKS_SELECT: ["plex", "plexx"],
      STACKS_SKIP: ["old"],
    });
    expect(stacks.map(({ name }) => name)).toEqual(["plex"]);
    expect(problems).toEqual(['Cannot find stack "plexx" of STACKS_SELECT; did you mean "plex"?']);
    expect(notes).toEqual([
      'STACKS_SKIP names "old", which is no stack',
      `Directory "${join(base, "plain")}" has no compose file`,
    ]);
  });

  test("finds the others when a directory cannot be read, and says which", async () => {
    const base = stacksWith("plex/compose.yaml");
    const found = await find(base, {}, async () => ({
      exitCode: 1,
      signal: undefined,
      stdout: "1 d secret\0" + "1 d plex\0" + "2 f plex/compose.yaml\0",
      stderr: `find: '${base}/secret': Permission denied\n`,
      timedOut: false,
      notFound: false,
    }));
    expect(found.stacks.map(({ name }) => name)).toEqual(["plex"]);
    expect(found.problems).toEqual([`Cannot read '${base}/secret': Permission denied`]);
  });

  test("throws in the system's words when there is no such directory, or no answer", async () => {
    const missing = await find("/nonexistent/stacks").catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(OpsError);
    expect(String(missing)).toContain('Cannot read STACKS_DIR "/nonexistent/stacks": ');
    expect(String(missing)).toContain("No such file or directory");
    const hung = {
      exitCode: null,
      signal: "SIGKILL",
      stdout: "1 d x\0",
      stderr: "",
      timedOut: true,
      notFound: false,
    };
    const late = await find("/hung", {}, async () => hung).catch((error: unknown) => error);
    expect(String(late)).toContain("no answer after 5 s");
  });
});
