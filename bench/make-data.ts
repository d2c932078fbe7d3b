#!/usr/bin/env bun
/**
 * Make the data that is measured: the directory of a PHP application, the same bytes each time.
 * Usage: bun bench/make-data.ts DIRECTORY [1 | 8], in GB.
 */
import { createCipheriv } from "node:crypto";
import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

interface Shape {
  readonly smallFiles: number;
  readonly logMb: number;
  readonly blobMb: number;
}

export const sizes = {
  1: { smallFiles: 60_000, logMb: 330, blobMb: 560 },
  8: { smallFiles: 120_000, logMb: 2900, blobMb: 4400 },
} satisfies Record<number, Shape>;

export type SizeGb = keyof typeof sizes;

const megabyte = 1024 * 1024;
const poolMb = 64;

export function makeData(directory: string, sizeGb: SizeGb): void {
  const { smallFiles, logMb, blobMb } = sizes[sizeGb];
  const random = createRandom(20_251_104);
  const pool = makeText(random, poolMb * megabyte);
  const write = (path: string, content: string | Buffer) => {
    const file = join(directory, path);
    makeDirectory(dirname(file));
    writeFileSync(file, content);
  };
  for (const name of [".env", "artisan", "composer.json", "composer.lock", "package.json"]) {
    write(name, slice(pool, random, 2_000));
  }
  for (let index = 0; index < smallFiles; index += 1) {
    write(smallFilePath(index), slice(pool, random, smallFileBytes(random)));
  }
  // What an application leaves behind and its backup leaves out.
  for (let index = 0; index < 400; index += 1) {
    write(`storage/framework/sessions/session-${index}`, slice(pool, random, 900));
    write(`.git/objects/${String(index % 100).padStart(2, "0")}/object-${index}`, randomBytes(index, 3_000));
  }
  write("storage/logs/laravel.log", slice(pool, random, 8 * megabyte));
  for (let index = 0; index < logMb / 10; index += 1) {
    write(`storage/app/audit/audit-${index}.txt`, slice(pool, random, 10 * megabyte));
  }
  for (let index = 0; index < blobMb / 4; index += 1) {
    write(`storage/app/public/photo-${index}.jpg`, randomBytes(1_000 + index, 4 * megabyte));
  }
  for (let index = 0; index < 500; index += 1) {
    const link = join(directory, `public/build/asset-${index}.js`);
    makeDirectory(dirname(link));
    linkSync(join(directory, smallFilePath(index * 7)), link);
  }
  makeSparseFile(join(directory, "database/snapshot.img"), pool.subarray(0, 4 * megabyte), 64 * megabyte);
}

/** Half of them below `vendor`, most of the rest below `node_modules`, in packages of 40. */
function smallFilePath(index: number): string {
  const kind = index % 20;
  const bundle = Math.floor(index / 800);
  const part = Math.floor(index / 160) % 5;
  if (kind < 10) return `vendor/vendor-${bundle}/package-${part}/src/Module${kind % 4}/Class${index}.php`;
  if (kind < 18) return `node_modules/package-${bundle}-${part}/dist/module-${kind % 3}/file-${index}.js`;
  return kind === 18
    ? `app/Domain${part}/Service${index}.php`
    : `resources/views/area-${part}/view-${index}.blade.php`;
}

/** Many small ones, few of some ten kilobytes; 6.7 KB on average. */
function smallFileBytes(random: () => number): number {
  return 100 + Math.floor(40_000 * random() ** 5);
}

const madeDirectories = new Set<string>();

function makeDirectory(directory: string): void {
  if (madeDirectories.has(directory)) return;
  mkdirSync(directory, { recursive: true });
  madeDirectories.add(directory);
}

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of made-up code: they compress about as source code does. */
function makeText(random: () => number, sizeBytes: number): Buffer {
  const syllables = [
    "ba",
    "con",
    "der",
    "fi",
    "get",
    "ho",
    "in",
    "ker",
    "lo",
    "mo",
    "ner",
    "or",
    "per",
    "re",
    "set",
    "ti",
  ];
  const pick = <Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const words = Array.from({ length: 4_000 }, () =>
    Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(syllables)).join(""),
  );
  const patterns: readonly ((a: string, b: string, c: string) => string)[] = [
    (a, b, c) => `    public function ${a}(${b} $${c}): void\n    {\n`,
    (a, b, c) => `        $this->${a}->${b}($${c}, ${Math.floor(random() * 1e6)});\n`,
    (a, b, c) => `        return $${a} ?? throw new ${b}Exception('${c}');\n    }\n\n`,
    (a, b, c) => `        // ${a} ${b} ${c} ${pick(words)} ${pick(words)}\n`,
    (a, b, c) =>
      `export const ${a} = (${b}) => ${c}(${b}, "${Math.floor(random() * 2 ** 32).toString(16)}");\n`,
  ];
  const text = Buffer.alloc(sizeBytes, "\n");
  for (let at = 0; at < sizeBytes; )
    at += text.write(pick(patterns)(pick(words), pick(words), pick(words)), at, "latin1");
  return text;
}

/** A piece of `pool` from somewhere. */
function slice(pool: Buffer, random: () => number, sizeBytes: number): Buffer {
  const start = Math.floor(random() * (pool.length - sizeBytes));
  return pool.subarray(start, start + sizeBytes);
}

const zeros = Buffer.alloc(4 * megabyte);

/** Bytes that no compressor makes smaller: the key stream of a cipher. */
function randomBytes(seed: number, sizeBytes: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(zeros.subarray(0, sizeBytes));
}

function makeSparseFile(path: string, data: Buffer, sizeBytes: number): void {
  makeDirectory(dirname(path));
  const file = openSync(path, "w");
  try {
    writeSync(file, data, 0, data.length, sizeBytes / 2);
    ftruncateSync(file, sizeBytes);
  } finally {
    closeSync(file);
  }
}

if (import.meta.main) {
  const [directory, size = "1"] = process.argv.slice(2);
  if (directory === undefined || !(size === "1" || size === "8")) {
    throw new Error("Usage: bun bench/make-data.ts DIRECTORY [1 | 8]");
  }
  makeData(directory, size === "1" ? 1 : 8);
}
