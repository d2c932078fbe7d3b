import { describe, expect, test } from "bun:test";
import { createMysqlRowCounter } from "#lib/core/mysql-rows.ts";
import { createPostgresRowCounter } from "#lib/core/postgres-rows.ts";
import { compareRows, describeRows, type RowCounter, rowCountsOf, sumUp } from "#lib/core/row-counts.ts";

function count(counter: RowCounter, text: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text);
  const ends = [...cuts, bytes.length];
  let from = 0;
  for (const end of ends) {
    // In memory that is used again, as that of a pipe is.
    const chunk = Buffer.from(bytes.subarray(from, end));
    counter.read(chunk);
    chunk.fill(0);
    from = end;
  }
  return counter.counted();
}

const mysql = String.raw`/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump  Host: it's
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ ${"`shop`"};

USE ${"`sh``op`"};
DROP TABLE IF EXISTS ${"`a`"};
CREATE TABLE ${"`a`"} (
  ${"`x`"} int(11) COMMENT 'it''s (; \' '
) COMMENT='INSERT INTO ${"`b`"} VALUES (1);';
INSERT INTO ${"`a`"} VALUES
(1,'a),(b'),
(2,'\'),(\\'),
(3,'\\\''),(4,NULL),(-5,0x27);
INSERT  IGNORE INTO ${"`a`"} (${"`x`, `VALUES (`"}) VALUES (1,'');
CREATE TABLE IF NOT EXISTS ${"`empty;`"} (${"`y`"} int);
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=root@localhost*/ PROCEDURE p()
BEGIN SET @x = 1; INSERT INTO ${"`a`"} VALUES (1),(2); END ;;
DELIMITER ;
/*!50001 VIEW ${"`v*/`"} AS select 1 AS ${"`INSERT INTO`"}*/;
REPLACE INTO plain VALUES (1);
-- Dump completed on 2026-01-01
`;

const postgres = String.raw`-- Name: it's
\restrict token
SET client_encoding = 'UTF8';
\connect -reuse-previous=on "dbname='t\'w ""o'"
CREATE FUNCTION f() RETURNS text AS $_$ it's $ $1 $_ $_$;
CREATE VIEW public.x$y$ AS SELECT 1;
CREATE TABLE public.a (b text DEFAULT '; COPY' , "c;" int);
COPY public.a (b, "c;") FROM stdin;
x	1

\\.	2
\N	\N
\.

COPY "odd.one"."CO""PY" ("FROM stdin;") FROM stdin;
\.


COPY public.bare  FROM stdin;


\.
\connect next
COPY public.a (b) FROM stdin;
y
\.
-- PostgreSQL database dump complete
\unrestrict token
`;

const tablesOfMysql = [
  { database: "sh`op", name: "a", rows: 6 },
  { database: "sh`op", name: "empty;", rows: 0 },
  { database: "sh`op", name: "plain", rows: 1 },
];
const tablesOfPostgres = [
  { database: `t'w "o`, schema: "public", name: "a", rows: 4 },
  { database: `t'w "o`, schema: "odd.one", name: 'CO"PY', rows: 0 },
  { database: `t'w "o`, schema: "public", name: "bare", rows: 2 },
  { database: "next", schema: "public", name: "a", rows: 1 },
];

describe.each([
  [
    "createMysqlRowCounter()",
    createMysqlRowCounter,
    mysql,
    { total: 7, tableCount: 3, tables: tablesOfMysql },
  ],
  [
    "createPostgresRowCounter()",
    createPostgresRowCounter,
    postgres,
    { total: 7, tableCount: 4, tables: tablesOfPostgres },
  ],
] as const)("%s", (_name, create, text, expected) => {
  test("counts the same wherever the text is cut, and byte by byte", () => {
    const { length } = Buffer.from(text);
    expect(count(create(), text)).toEqual(expected);
    for (let cut = 1; cut < length; cut += 1) expect(count(create(), text, [cut])).toEqual(expected);
    const everywhere = Array.from({ length: length - 1 }, (_, index) => index + 1);
    expect(count(create(), text, everywhere)).toEqual(expected);
  });
});

test("createMysqlRowCounter() knows nothing of a text that ends inside of a statement", () => {
  expect(count(createMysqlRowCounter(), "INSERT INTO `a` VALUES (1),('")).toBeUndefined();
  expect(count(createMysqlRowCounter(), "INSERT INTO `a` VALUES (1)")).toBeUndefined();
  expect(count(createMysqlRowCounter(), "CREATE TABLE `a` (x int COMMENT '")).toBeUndefined();
});

test("createPostgresRowCounter() knows nothing of a text that ends inside of a table", () => {
  expect(count(createPostgresRowCounter(), "COPY a (b) FROM stdin;\n1\n")).toBeUndefined();
  expect(count(createPostgresRowCounter(), "CREATE FUNCTION f() AS $$ it's")).toBeUndefined();
});

test("sumUp() keeps the sum alone where there are too many tables", () => {
  const tables = Array.from({ length: 2001 }, (_, index) => ({ name: `t${index}`, rows: 2 }));
  expect(sumUp(tables)).toEqual({ total: 4002, tableCount: 2001 });
  expect(sumUp(tables.slice(1)).tables).toHaveLength(2000);
});

test("rowCountsOf() takes nothing from sets of before, or of anybody's making", () => {
  expect(rowCountsOf({ tables: 3 })).toBeUndefined();
  expect(rowCountsOf(undefined)).toBeUndefined();
  expect(rowCountsOf({ rows: { total: 1, tableCount: 1, tables: [{ name: 1, rows: 1 }] } })).toBeUndefined();
});

test("compareRows() names the tables that lack rows, and is content with more", () => {
  const tables = [
    { schema: "public", name: "a", rows: 3 },
    { schema: "public", name: "b\n", rows: 3 },
    { schema: "public", name: "c", rows: 0 },
  ];
  const found = new Map([
    ["a", 4],
    ["b\n", 2],
  ]);
  expect(compareRows(tables, ({ name }) => found.get(name))).toEqual([
    expect.stringMatching(/^the table "public\.b.+" has 2 rows, 3 were dumped$/),
    'the table "public.c" is missing, it was dumped with 0 rows',
  ]);
});

test("compareRows() names ten of very many", () => {
  const tables = Array.from({ length: 13 }, (_, index) => ({ name: `t${index}`, rows: 1 }));
  expect(compareRows(tables, () => undefined)).toHaveLength(11);
  expect(compareRows(tables, () => 0).at(-1)).toBe("and 3 more tables lack rows");
  expect(compareRows(tables.slice(2), () => 0).at(-1)).toBe("and 1 more table lacks rows");
  expect(compareRows(tables.slice(3), () => 0)).toHaveLength(10);
});

test("describeRows() names the largest tables", () => {
  const small = Array.from({ length: 12 }, (_, index) => ({ name: `t${index}`, rows: index }));
  expect(describeRows(sumUp(small))).toMatch(/^66 in 12 tables: t11 11, t10 10, .*t2 2, and 2 more$/);
  expect(describeRows(sumUp([{ schema: "public", name: "a", rows: 1 }]))).toBe("1 in 1 table: public.a 1");
  expect(describeRows({ total: 5, tableCount: 3000 })).toBe("5 in 3000 tables");
});
