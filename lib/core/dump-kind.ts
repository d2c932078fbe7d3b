/** What a component of a database is a dump of, and which server it takes to load it. Pure. */
import type { Component } from "#lib/core/manifest.ts";

export type DumpKind =
  | { readonly server: "mysql" | "postgres"; readonly of: "database" | "server" | "roles" }
  /** Nothing that can be loaded here, and why. */
  | { readonly server: undefined; readonly why: string };

export function dumpKindOf({ format, facts, name }: Component): DumpKind {
  if (format === "pgdump") return { server: "postgres", of: "database" };
  const dumpedBy = String(facts?.["dumpedBy"]);
  const isAll = typeof facts?.["database"] !== "string";
  if (/pg_dumpall/.test(dumpedBy))
    return { server: "postgres", of: name.startsWith("globals-") ? "roles" : "server" };
  if (!/mysql|maria/i.test(dumpedBy)) return { server: undefined, why: "nothing says what it was dumped by" };
  if (!isAll) return { server: "mysql", of: "database" };
  if (/maria/i.test(String(facts?.["server"]))) return { server: "mysql", of: "server" };
  return { server: undefined, why: "MariaDB, which drills load into, cannot take the users of MySQL" };
}
