import { describe, expect, test } from "bun:test";
import { dumpKindOf } from "#lib/core/dump-kind.ts";
import type { Component } from "#lib/core/manifest.ts";

function component(format: Component["format"], facts: Component["facts"], name = "database-x"): Component {
  return {
    name,
    source: "database",
    file: "x",
    format,
    compression: "zstd",
    outcome: "complete",
    bytesIn: 1,
    bytesOut: 1,
    sha256: "0".repeat(64),
    doubts: [],
    facts,
    durationSeconds: 1,
  };
}

const dumpAll = { dumpedBy: "pg_dumpall (PostgreSQL) 15.18" };
const maria = { dumpedBy: "mariadb-dump  Ver 10.19 Distrib 10.11.6-MariaDB", server: "10.11.6-MariaDB" };
const mysql = { dumpedBy: "mysqldump  Ver 8.0.40 for Linux", server: "8.0.40" };

describe("dumpKindOf()", () => {
  test.each([
    ["a dump in custom format", component("pgdump", undefined), { server: "postgres", of: "database" }],
    ["one of all databases of PostgreSQL", component("sql", dumpAll), { server: "postgres", of: "server" }],
    ["one of its roles", component("sql", dumpAll, "globals-local"), { server: "postgres", of: "roles" }],
    [
      "one of a database of MariaDB",
      component("sql", { ...maria, database: "shop" }),
      { server: "mysql", of: "database" },
    ],
    [
      "one of a database of MySQL",
      component("sql", { ...mysql, database: "shop" }),
      { server: "mysql", of: "database" },
    ],
    ["one of all databases of MariaDB", component("sql", maria), { server: "mysql", of: "server" }],
  ])("knows %s", (_name, one, kind) => {
    expect(dumpKindOf(one)).toEqual(kind as ReturnType<typeof dumpKindOf>);
  });

  test("says why others cannot be loaded", () => {
    expect(dumpKindOf(component("sql", mysql))).toEqual({
      server: undefined,
      why: "MariaDB, which drills load into, cannot take the users of MySQL",
    });
    expect(dumpKindOf(component("sql", undefined)).server).toBeUndefined();
  });
});
