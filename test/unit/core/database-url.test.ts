import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseDatabaseUrl } from "#lib/core/database-url.ts";

function targetOf(url: string) {
  const parsed = parseDatabaseUrl(url);
  if (!parsed.ok) throw new Error(parsed.expected);
  return parsed.target;
}

describe("parseDatabaseUrl()", () => {
  test.each([
    ["mysql:///shop", { kind: "mysql", database: "shop", host: undefined, componentName: "database-shop" }],
    [
      "mariadb://root@db.example.org:3307/shop",
      { kind: "mysql", user: "root", host: "db.example.org", port: 3307 },
    ],
    ["mysql:///", { database: undefined, componentName: "database-all" }],
    ["mysql://root@localhost", { database: undefined, user: "root", componentName: "database-all" }],
    ["mysql:///shop?socket=/run/my%20sql.sock", { socket: "/run/my sql.sock" }],
    ["postgres://u@[::1]:5433/my%20db", { kind: "postgres", host: "::1", port: 5433, database: "my db" }],
    ["postgresql:///größe", { database: "größe", componentName: "database-gr-e" }],
    ["postgres:///shop?container=db_1", { container: { kind: "name", name: "db_1" } }],
    ["mysql://root@/shop?compose=web/db", { container: { kind: "compose", project: "web", service: "db" } }],
    ["postgres:///shop?name=shop-old", { componentName: "database-shop-old" }],
    [
      "sqlite:///var/lib/my%20app/data.sqlite3",
      { path: "/var/lib/my app/data.sqlite3", componentName: "database-data" },
    ],
    ["mysql:///d?socket=/run/a+b.sock", { socket: "/run/a+b.sock" }],
    ["mysql:///..%5c..", { database: "..\\..", componentName: "database-unnamed" }],
  ])("reads %s", (url, expected) => {
    expect(targetOf(url)).toMatchObject(expected as object);
  });

  test("reads back every password in percent code, and prints none", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (password) => {
        const target = targetOf(`mysql://me:${encodeURIComponent(password)}@h/d`);
        if (target.kind === "sqlite") throw new Error("It is no file");
        expect(target.password?.reveal()).toBe(password);
        expect(JSON.stringify(target)).toContain('"password":"***"');
      }),
    );
  });

  test.each([
    ["shop", "begins with mysql://"],
    ["http://h/d", "begins with mysql://"],
    ["mysql:shop", "begins with mysql://"],
    ["mysql://h/a/b", "second slash"],
    ["mysql://h/--all", "not an option"],
    ["mysql://-x@h/d", "not an option"],
    ["mysql://:pw@h/d", "user before the password"],
    ["mysql://h:0/d", "port"],
    ["mysql://:3306/d", "port"],
    ["mysql://h/d?sockt=/x", 'no parameter "sockt"'],
    ["mysql://h/d?socket=/x", "not both"],
    ["mysql:///d?socket=x", "absolute path"],
    ["mysql://h/d?container=x", "not both"],
    ["mysql:///d?container=x&compose=a/b", "PROJECT/SERVICE"],
    ["mysql:///d?container=-v", "container=NAME"],
    ["mysql:///d?compose=a", "PROJECT/SERVICE"],
    ["mysql://u:%zz@h/d", "percent"],
    ["sqlite://relative.db", "absolute path"],
    ["sqlite:///dir/", "absolute path"],
    ["sqlite:///x.db?container=c", "SQLite has none"],
    ["sqlite://:5432/x.db", "absolute path"],
    ["sqlite://:pw@/x.db", "absolute path"],
    ["mysql:///d?container=", 'one value for the parameter "container"'],
    ["mysql:///d?name=a&name=b", 'one value for the parameter "name"'],
    ["mysql://u@%2Frun%2Fmysqld.sock/d", "?socket="],
    ["mysql://h/d%0Ae", "control characters"],
    ["mysql://u:%00@h/d", "control characters"],
    ["mysql://h/d\nmysql://h/e", "one line"],
  ])("refuses %s, and says what is expected", (url, word) => {
    const parsed = parseDatabaseUrl(url);
    expect(parsed).toEqual({ ok: false, expected: expect.stringContaining(word) });
  });

  test("never repeats a URL that it refuses", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6 }), (text) => {
        const parsed = parseDatabaseUrl(`mysql://u:hunter2secret@h/a/b?${encodeURIComponent(text)}=1`);
        expect(JSON.stringify(parsed)).not.toContain("hunter2secret");
      }),
    );
  });

  test("names every component so that it is one file's name", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (name) => {
        const parsed = parseDatabaseUrl(`mysql://h/${encodeURIComponent(name)}`);
        if (parsed.ok) expect(parsed.target.componentName).toMatch(/^database-[A-Za-z0-9._-]+$/);
      }),
    );
  });
});
