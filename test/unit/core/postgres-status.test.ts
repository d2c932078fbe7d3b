import { describe, expect, test } from "bun:test";
import { createPostgresReader } from "#lib/core/postgres-status.ts";

function read(exitCode: number | null, text: string) {
  const reader = createPostgresReader();
  for (const line of text.split("\n")) reader.readLine(line);
  return reader.classifyExit(exitCode);
}

describe("createPostgresReader()", () => {
  test("makes notes of the warnings of a dump that ended well, with what belongs to them", () => {
    const said = read(
      0,
      `pg_dump: warning: there are circular foreign-key constraints on this table:
pg_dump: detail: tree
pg_dump: hint: Consider using a full dump instead of a --data-only dump to avoid this problem.
/usr/lib/postgresql/15/bin/pg_dump: warning: another one`,
    );
    expect(said).toEqual({
      outcome: "complete",
      problems: [],
      notes: [
        "there are circular foreign-key constraints on this table:; tree; Consider using a full dump instead of a --data-only dump to avoid this problem.",
        "another one",
      ],
    });
  });

  test("gives the error of a dump that failed, without the statement, however many warnings came before", () => {
    const warnings = "pg_dump: warning: something\npg_dump: detail: more of it\n".repeat(30);
    const said = read(
      1,
      `${warnings}pg_dump: error: query failed: ERROR:  permission denied for table secret
pg_dump: detail: Query was: LOCK TABLE public.secret IN ACCESS SHARE MODE`,
    );
    expect(said).toMatchObject({
      outcome: "failed",
      problems: ["query failed: ERROR:  permission denied for table secret"],
      notes: [],
    });
  });

  test("joins the lines of one error", () => {
    const { problems, hint } = read(
      2,
      `psql: error: connection to server at "localhost" (::1), port 1 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?`,
    );
    expect(problems).toEqual([
      'connection to server at "localhost" (::1), port 1 failed: Connection refused; Is the server running on that host and accepting TCP/IP connections?',
    ]);
    expect(hint).toContain("Is the server running");
  });

  test("keeps what other programs say in its place, and forgets no end without words", () => {
    expect(read(127, "setpriv: failed to execute pg_dump: No such file or directory").problems).toEqual([
      "setpriv: failed to execute pg_dump: No such file or directory",
    ]);
    expect(read(null, "")).toMatchObject({ outcome: "failed", problems: [] });
  });

  test("keeps a bounded part of what never ends", () => {
    const { problems } = read(1, `pg_dump: error: first${"\nand on and on".repeat(10_000)}`);
    expect(problems.join().length).toBeLessThan(1000);
  });

  test.each([
    [
      'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption',
      "pg_hba.conf and reload",
    ],
    ['FATAL:  Peer authentication failed for user "app"', "Give a password"],
    ['ERROR:  database "x" already exists', "--database"],
    ["ERROR:  permission denied to create database", "CREATEDB"],
    ['FATAL:  role "root" does not exist', "Name a user"],
    ['ERROR:  query would be affected by row-level security policy for table "t"', "BYPASSRLS"],
    ["FATAL:  sorry, too many clients already", "max_connections"],
    ['connection to server at "10.255.255.1", port 5432 failed: timeout expired', "firewall"],
    ["FATAL:  terminating connection due to administrator command", "server's log"],
  ])("knows what to do about %s", (words, hint) => {
    expect(read(1, `pg_dump: error: ${words}`).hint).toContain(hint);
  });
});
