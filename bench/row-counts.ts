#!/usr/bin/env bun
/** How fast the rows of a dump are counted: by the clock, and by the time that the processor spent, which other work on the machine does not stretch. */
import { Buffer } from "node:buffer";
import { createMysqlRowCounter } from "#lib/core/mysql-rows.ts";
import { createPostgresRowCounter } from "#lib/core/postgres-rows.ts";
import type { RowCounter } from "#lib/core/row-counts.ts";

interface Dump {
  readonly what: string;
  readonly createCounter: () => RowCounter;
  readonly text: string;
}

const rows = 20_000;
const totalBytes = 1e9;
/** What a pipe gives at once. */
const chunkBytes = 65_536;
const sentence = "a comment of some length, as customers (mostly) leave them";

const insert = (row: (index: number) => string) => `INSERT INTO \`t\` VALUES\n${list(row).join(",\n")};\n`;
const copy = (row: (index: number) => string) =>
  `COPY public.t (a) FROM stdin;\n${list(row).join("\n")}\n\\.\n`;
const mysql = { createCounter: createMysqlRowCounter };
const postgres = { createCounter: createPostgresRowCounter };

const dumps: readonly Dump[] = [
  {
    ...mysql,
    what: "MySQL, mixed",
    text: insert((at) => `(${at},'u${at}@example.com',NULL,2.5,'${sentence}\\'s')`),
  },
  { ...mysql, what: "MySQL, numbers", text: insert((at) => `(${at},${at * 7},1,0,NULL)`) },
  { ...mysql, what: "MySQL, hex blobs", text: insert((at) => `(${at},0x${"AB12".repeat(100)})`) },
  {
    ...postgres,
    what: "PostgreSQL, mixed",
    text: copy((at) => `${at}\tu${at}@example.com\t\\N\t2.5\t${sentence}`),
  },
  { ...postgres, what: "PostgreSQL, numbers", text: copy((at) => `${at}\t${at * 7}`) },
  {
    ...postgres,
    what: "PostgreSQL, large objects",
    text: `${list(() => `SELECT pg_catalog.lowrite(0, '\\x${"ab12".repeat(500)}');`).join("\n")}\n`,
  },
];

process.stdout.write("| dump | MB/s by the clock | MB per second of the processor |\n|---|---|---|\n");
for (const dump of dumps) process.stdout.write(`${measure(dump)}\n`);

function list(row: (index: number) => string): string[] {
  return Array.from({ length: rows }, (_, index) => row(index));
}

function measure({ what, createCounter, text }: Dump): string {
  const bytes = Buffer.from(text);
  const counter = createCounter();
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
  let done = 0;
  while (done < totalBytes) {
    for (let at = 0; at < bytes.length; at += chunkBytes) counter.read(bytes.subarray(at, at + chunkBytes));
    done += bytes.length;
  }
  const { user, system } = process.cpuUsage(cpu);
  if (counter.counted() === undefined) throw new Error(`${what}: not counted to its end`);
  const rate = (seconds: number) => (done / 1e6 / seconds).toFixed(0);
  return `| ${what} | ${rate((performance.now() - startedMs) / 1000)} | ${rate((user + system) / 1e6)} |`;
}
