import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { proveArchive } from "#lib/archive/prove-archive.ts";
import { type CompressionMethod, chooseCompressor } from "#lib/core/compression.ts";
import { tarProof } from "#lib/core/proof.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const env = { PATH: process.env.PATH ?? "" };
const methods: CompressionMethod[] = ["zstd", "gzip", "xz", "none"];
const isWhole = process.env.LASTGOOD_FAULT === "whole";

function archiveOf(sandbox: { path: (name: string) => string }, method: CompressionMethod): Buffer {
  const dir = sandbox.path(`tree-${method}`);
  mkdirSync(dir);
  for (let i = 0; i < 20; i += 1)
    writeFileSync(`${dir}/file ${i}\nwith a line break`, `content ${i} `.repeat(i * 30));
  const tar = execFileSync("tar", ["-C", dir, "-cf", "-", "."]);
  const { compress } = chooseCompressor({ method, level: undefined, threads: 1 }, false);
  return compress === undefined ? tar : execFileSync(compress[0] ?? "", compress.slice(1), { input: tar });
}

async function list(
  sandbox: { path: (name: string) => string },
  method: CompressionMethod,
  content: Uint8Array,
) {
  const path = sandbox.path("archive");
  writeFileSync(path, content);
  const { decompress } = chooseCompressor({ method, level: undefined, threads: 1 }, false);
  return proveArchive({
    path,
    decompress,
    proof: tarProof,
    env,
    stallMs: 10_000,
    signal: new AbortController().signal,
  });
}

test.each(methods)(
  "proveArchive() counts every entry of a %s archive, names with line breaks once",
  async (method) => {
    await using sandbox = await createSandbox();
    expect(await list(sandbox, method, archiveOf(sandbox, method))).toEqual({ entries: 21 });
  },
);

test.each(["zstd", "gzip", "xz"] as const)(
  "proveArchive() finds a %s archive truncated at any byte",
  async (method) => {
    await using sandbox = await createSandbox();
    const archive = archiveOf(sandbox, method);
    const step = isWhole ? 1 : Math.ceil(archive.length / 25);
    for (let length = 1; length < archive.length; length += step) {
      const { problem } = await list(sandbox, method, archive.subarray(0, length));
      expect({ length, isFound: problem !== undefined }).toEqual({ length, isFound: true });
    }
  },
  600_000,
);

test("proveArchive() finds a flipped bit in a zstd archive, by the checksum in its frame", async () => {
  await using sandbox = await createSandbox();
  const archive = archiveOf(sandbox, "zstd");
  const step = isWhole ? 1 : Math.ceil(archive.length / 25);
  const content = execFileSync("zstd", ["-dc"], { input: archive });
  let found = 0;
  for (let at = 0; at < archive.length; at += step) {
    const bad = Buffer.from(archive);
    bad[at] = (bad[at] ?? 0) ^ 1;
    const { problem } = await list(sandbox, "zstd", bad);
    // A few bits have no meaning: then not a byte of the content may differ.
    if (problem === undefined)
      expect(execFileSync("zstd", ["-dc"], { input: bad }).equals(content)).toBe(true);
    else found += 1;
  }
  expect(found).toBeGreaterThan(archive.length / step / 2);
}, 600_000);

test("proveArchive() names an archive that is not there", async () => {
  const limits = { env, stallMs: 10_000, signal: new AbortController().signal };
  const { problem } = await proveArchive({
    path: "/nonexistent",
    decompress: undefined,
    proof: tarProof,
    ...limits,
  });
  expect(problem).toContain("No such file");
});
