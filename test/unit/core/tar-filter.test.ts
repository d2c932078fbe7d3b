import { describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { createTarFilter, type Verdict } from "#lib/core/tar-filter.ts";
import { TarFormatError } from "#lib/core/tar-header.ts";
import type { TarMember } from "#lib/core/tar-member.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { archive, end, entry } from "#test/support/tar-builder.ts";

/** Everything that goes on, in one piece. */
function filter(
  bytes: Buffer,
  judge: (member: TarMember) => Verdict,
  sizes: readonly number[] = [65_536],
): Buffer {
  const passed: Buffer[] = [];
  const made = createTarFilter(judge, (part) => passed.push(Buffer.from(part)));
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    // A chunk's memory is used again.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    made.push(chunk);
    chunk.fill(0xaa);
    at += size;
  }
  made.end();
  return Buffer.concat(passed);
}

const keepAll = (): Verdict => ({ keep: true });

function namesOf(bytes: Buffer): string[] {
  const names: string[] = [];
  filter(bytes, ({ name }) => {
    names.push(Buffer.from(name, "latin1").toString());
    return { keep: true };
  });
  return names;
}

async function makeTree(sandbox: Sandbox, names: readonly string[]): Promise<string> {
  const root = sandbox.path("tree");
  mkdirSync(root);
  for (const [index, name] of names.entries()) {
    const path = `${root}/${name}`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "x".repeat(index * 300));
    if (index % 4 === 1) linkSync(path, `${path}.hard`);
    if (index % 4 === 2) symlinkSync("a".repeat(90 + index * 20), `${path}.soft`);
    if (index % 4 === 3) truncateSync(path, 5_000_000 + index);
    if (index % 5 === 0) chmodSync(path, 0o4711);
  }
  return root;
}

function createArchive(root: string, ...options: readonly string[]): Buffer {
  return execFileSync("tar", ["--create", "--sort=name", ...options, "-C", root, "."], { maxBuffer: 1e9 });
}

const names = fc.uniqueArray(
  fc
    .string({ unit: fc.constantFrom("a", "b", "ü", " ", "'", "é日"), minLength: 1, maxLength: 60 })
    .map((text) => `${text}.x`),
  { minLength: 1, maxLength: 12 },
);
const formats = ["v7", "oldgnu", "gnu", "ustar", "pax"] as const;

describe("createTarFilter()", () => {
  test("understands what GNU tar writes as GNU tar does, however it is cut into chunks", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.constantFrom(...formats),
        fc.boolean(),
        sizes,
        async (list, format, isDeep, cuts) => {
          await using sandbox = await createSandbox();
          // What has no room in the older formats is left out by them.
          const deep =
            isDeep && !["v7", "ustar"].includes(format)
              ? list.map((name) => `${"deep/".repeat(30)}${name}`)
              : list;
          const root = await makeTree(sandbox, deep);
          const sparse = format === "v7" || format === "ustar" ? [] : ["--sparse"];
          const { stdout: bytes } = spawnSync(
            "tar",
            ["--create", "--sort=name", `--format=${format}`, ...sparse, "-C", root, "."],
            { maxBuffer: 1e9 },
          );
          const passed = filter(bytes, keepAll, cuts);
          expect(passed.equals(bytes.subarray(0, passed.length))).toBe(true);
          expect(bytes.subarray(passed.length).every((byte) => byte === 0)).toBe(true);
          const listed = execFileSync(
            "tar",
            ["--list", "--quoting-style=literal", "--show-transformed-names"],
            { input: bytes, env: { ...process.env, LC_ALL: "C.UTF-8" } },
          );
          expect(namesOf(bytes)).toEqual(listed.toString().split("\n").slice(0, -1));
        },
      ),
      { numRuns: process.env.LASTGOOD_FAULT === "whole" ? 300 : 25 },
    );
  }, 120_000);

  test("passes on an archive without what it drops, as tar reads it", async () => {
    await using sandbox = await createSandbox();
    const root = await makeTree(sandbox, ["a", "b", "c", "d", `${"long/".repeat(40)}e`, "f"]);
    for (const format of ["gnu", "pax"]) {
      const bytes = createArchive(root, `--format=${format}`, "--sparse");
      const all = namesOf(bytes);
      const isDropped = (name: string) => all.indexOf(name) % 2 === 1;
      const passed = filter(bytes, ({ name }) => ({ keep: !isDropped(name) }), [700]);
      const listed = execFileSync("tar", ["--list"], { input: passed }).toString().split("\n").slice(0, -1);
      expect(listed).toEqual(all.filter((name) => !isDropped(name)));
    }
  });

  test("passes a member on with another mode", () => {
    const passed = filter(archive(entry("sudo", { mode: "0004755" })), () => ({ keep: true, mode: 0o755 }));
    const listed = execFileSync("tar", ["--list", "--verbose"], { input: passed }).toString();
    expect(listed).toStartWith("-rwxr-xr-x ");
  });

  test("refuses an archive that is cut anywhere, or has another byte in a header", () => {
    const bytes = archive(entry("a", { content: "x".repeat(700) }), entry("b"));
    for (let at = 0; at < bytes.length; at += 37) {
      expect(() => filter(bytes.subarray(0, at), keepAll)).toThrow(TarFormatError);
    }
    for (let at = 0; at < 512; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x01;
      expect(() => filter(changed, keepAll)).toThrow(TarFormatError);
    }
    expect(() => filter(end, keepAll)).not.toThrow();
  });
});
