import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readDefinition } from "#lib/stacks/read-definition.ts";
import { createExec } from "#lib/tools/exec.ts";

const made: string[] = [];
const asker = {
  exec: createExec({ PATH: process.env.PATH ?? "" }),
  timeoutMs: 5000,
  signal: new AbortController().signal,
};

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** What is found from `compose.yaml` on, relative to its directory. */
async function read(files: Readonly<Record<string, string>>) {
  const base = mkdtempSync(join(tmpdir(), "lastgood-definition-"));
  made.push(base);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  }
  const found = await readDefinition(asker, [join(base, "compose.yaml")]);
  const shorten = (text: string) => text.replaceAll(`${base}/`, "");
  return { files: found.files.map(shorten), notes: found.notes.map(shorten) };
}

describe("readDefinition()", () => {
  test("follows compose files to what they name, each relative to itself, and is not led in circles", async () => {
    const found = await read({
      "compose.yaml": "include: [sub/a.yaml]\nservices: {web: {env_file: web.env}}\n",
      "sub/a.yaml": "include: [../b.yaml]\nservices: {a: {env_file: a.env}}\n",
      "b.yaml": "include: [compose.yaml]\nservices: {b: {extends: {file: sub/a.yaml, service: a}}}\n",
    });
    expect(found).toEqual({
      files: ["compose.yaml", "sub/a.yaml", "b.yaml", "web.env", "sub/a.env"],
      notes: [],
    });
  });

  test("notes what it cannot read or resolve, and leaves invalid files to compose", async () => {
    const found = await read({
      "compose.yaml": 'include: [gone.yaml, bad.yaml]\nservices: {web: {env_file: "$HOST.env"}}\n',
      "bad.yaml": "services: [",
    });
    expect(found.files).toEqual(["compose.yaml", "gone.yaml", "bad.yaml"]);
    expect(found.notes).toEqual([
      '"$HOST.env" in "compose.yaml" is not archived with it: only compose knows what it stands for',
      'Cannot read "gone.yaml": No such file or directory',
    ]);
  });
});
