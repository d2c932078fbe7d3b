import { describe, expect, test } from "bun:test";
import { createMysqlReader, hintOnMysql } from "#lib/core/mysql-status.ts";

// Said by MariaDB 10.11 and its programs, and by docker 20.10.
describe("hintOnMysql()", () => {
  test.each([
    ["ERROR 1045 (28000): Access denied for user 'u'@'127.0.0.1' (using password: YES)", "user and password"],
    ["ERROR 1044 (42000): Access denied for user 'u'@'%' to database 'shop'", "GRANT SELECT"],
    [
      "ERROR 1227 (42000) at line 2: Access denied; you need (at least one of) the SUPER, SET USER privilege(s) for this operation",
      "GRANT one of those",
    ],
    [
      "ERROR 1419 (HY000) at line 2: You do not have the SUPER privilege and binary logging is enabled (you *might* want to use the less safe log_bin_trust_function_creators variable)",
      "log_bin_trust_function_creators",
    ],
    [
      "Couldn't execute 'show events': Access denied for user 'u'@'%' to database 'shop' (1044)",
      "GRANT EVENT",
    ],
    [
      "Couldn't execute 'show create table `v`': SHOW VIEW command denied to user 'u'@'%' for table `shop`.`v` (1142)",
      "SHOW VIEW",
    ],
    ["mariadb-dump: u has insufficient privileges to SHOW CREATE FUNCTION `f`!", "mysql.proc"],
    ["ERROR 1007 (HY000) at line 1: Can't create database 'x'; database exists", "--database"],
    ["ERROR 1049 (42000): Unknown database 'nope'", "SHOW DATABASES"],
    ["ERROR 2005 (HY000): Unknown server host 'nowhere.invalid' (-2)", "Correct the host"],
    ["ERROR 2002 (HY000): Can't connect to server on '127.0.0.1' (115)", "Is the server running"],
    [
      'Got error: 2002: "Received error packet before completion of TLS handshake: 1040 - Too many connections" when trying to connect',
      "max_connections",
    ],
    ["ERROR 1820 (HY000) at line 1: You must SET PASSWORD before executing this statement", "expired"],
    ["Error response from daemon: No such container: db", "container running"],
    [
      'Error 1030: Got error 175 "File too short; Expected more data in file" from storage engine Aria when dumping table `t` at row: 255',
      "REPAIR TABLE",
    ],
    ["Couldn't execute 'show create table `t`': Incorrect file format 't' (130)", "REPAIR TABLE"],
    ["Table './shop/t' is marked as crashed and should be repaired (145)", "REPAIR TABLE"],
    [
      "Couldn't execute 'SHOW FIELDS FROM `w`': View 'shop.w' references invalid table(s) or column(s) or function(s) (1356)",
      "DROP the view",
    ],
    [
      "Error 1412: Table definition has changed, please retry transaction when dumping table `z` at row: 0",
      "schema was changed",
    ],
    ["Error: Couldn't read status information for table z ()", "schema was changed"],
    ["Error 2013: Lost connection to server during query when dumping table `t` at row: 4", "server's log"],
    ["mariadb-dump: unknown variable 'source-data=2'", "different kinds or ages"],
  ])("says what to do about %s", (words, hint) => {
    expect(hintOnMysql(words)).toContain(hint);
  });

  test("says nothing about words that it does not know", () => {
    expect(hintOnMysql("It rains")).toBeUndefined();
  });
});

describe("createMysqlReader()", () => {
  test("takes words of a dump that ended well for notes, but not those about the program itself", () => {
    const reader = createMysqlReader("mysqldump");
    reader.readLine("mysqldump: Deprecated program name. It will be removed in a future release");
    reader.readLine("-- Warning: column statistics not supported by the server.");
    expect(reader.classifyExit(0)).toEqual({
      outcome: "complete",
      problems: [],
      notes: ["-- Warning: column statistics not supported by the server."],
    });
  });

  test.each([
    [2, "mysqldump ended with exit code 2"],
    [137, "mysqldump was killed by signal 9"],
    [null, "mysqldump was killed"],
  ])("says how a silent program ended: %p", (exitCode, problem) => {
    expect(createMysqlReader("mysqldump").classifyExit(exitCode)).toMatchObject({
      outcome: "failed",
      problems: [problem],
    });
  });
});
