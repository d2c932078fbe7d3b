import { describe, expect, test } from "bun:test";
import { listDumpArguments, type MysqlDumpPlan } from "#lib/core/mysql-dump-arguments.ts";
import { isSince, parseMysqlVersion } from "#lib/core/mysql-version.ts";

const programs = {
  mariadb: "mysqldump  Ver 10.19 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)",
  oldMariadb: "mysqldump  Ver 10.18 Distrib 10.5.23-MariaDB, for debian-linux-gnu (x86_64)",
  newMariadb: "mariadb-dump from 11.4.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)",
  mysql57: "mysqldump  Ver 10.13 Distrib 5.7.42, for Linux (x86_64)",
  mysql8025: "mysqldump  Ver 8.0.25 for Linux on x86_64 (MySQL Community Server - GPL)",
  mysql8026: "mysqldump  Ver 8.0.26-0ubuntu0.20.04.2 for Linux on x86_64 ((Ubuntu))",
} as const;

const argumentsOf = (program: keyof typeof programs, changes: Partial<MysqlDumpPlan> = {}) =>
  listDumpArguments({
    program: parseMysqlVersion(programs[program]),
    server: parseMysqlVersion("10.11.6-MariaDB-log"),
    database: "shop",
    hasPosition: true,
    hasHistory: true,
    ...changes,
  });

describe("listDumpArguments()", () => {
  test.each([
    ["mariadb", ["--master-data=2", "--dump-history"]],
    ["oldMariadb", ["--master-data=2"]],
    ["newMariadb", ["--master-data=2", "--dump-history"]],
    ["mysql57", ["--master-data=2", "--set-gtid-purged=OFF"]],
    ["mysql8025", ["--master-data=2", "--set-gtid-purged=OFF", "--column-statistics=0"]],
    ["mysql8026", ["--source-data=2", "--set-gtid-purged=OFF", "--column-statistics=0"]],
  ] as const)("gives %s only what it knows", (program, expected) => {
    const differing = /^--(?:master-data|source-data|dump-history|set-gtid|column-stat)/;
    expect(argumentsOf(program).filter((argument) => differing.test(argument))).toEqual([...expected]);
  });

  test("asks for no past rows that the server would not take back", () => {
    const server = parseMysqlVersion("10.6.16-MariaDB");
    expect(argumentsOf("newMariadb", { server })).not.toContain("--dump-history");
    expect(argumentsOf("newMariadb", { hasHistory: false })).not.toContain("--dump-history");
  });

  test("asks for no position in a log that there is not", () => {
    expect(argumentsOf("mariadb", { hasPosition: false }).join()).not.toContain("-data=");
  });

  test("names one database behind all options, so that it can be called like one", () => {
    expect(argumentsOf("mariadb", { database: "--all-databases" }).slice(-2)).toEqual([
      "--",
      "--all-databases",
    ]);
  });

  test("flushes the privileges of restored users with all databases only", () => {
    expect(argumentsOf("mariadb", { database: undefined })).toContain("--flush-privileges");
    expect(argumentsOf("mariadb")).not.toContain("--flush-privileges");
  });
});

describe("isSince()", () => {
  test.each([
    ["8.0.26", true],
    ["8.0.25", false],
    ["8.1.0", true],
    ["9.0.0", true],
    ["5.7.42", false],
    ["no version", false],
  ])("says of %s and 8.0.26: %p", (text, expected) => {
    expect(isSince(parseMysqlVersion(text), 8, 0, 26)).toBe(expected);
  });
});
