/** What the programs of MySQL and MariaDB say, what it means, and how their dumps are proven whole. */
import { createDumpReader, findHint, type Hints } from "#lib/core/dump-reader.ts";
import { createMysqlRowCounter } from "#lib/core/mysql-rows.ts";
import type { ProducerReader } from "#lib/core/producer-status.ts";
import { createTrailerProof } from "#lib/core/trailer-proof.ts";

/** What the messages of MySQL, MariaDB and their programs mean for an admin; the first that fits. */
const hints: Hints = [
  [/show events/i, "GRANT EVENT on the database to this user"],
  [
    /insufficient privileges to SHOW CREATE/,
    "GRANT SELECT ON mysql.proc to this user, or SHOW_ROUTINE on *.* where MySQL has it",
  ],
  [
    /you need \(at least one of\)/,
    "It takes a privilege that the user in DATABASES lacks: GRANT one of those ON *.* to it, or name another user",
  ],
  [
    /binary logging is enabled/,
    "SET GLOBAL log_bin_trust_function_creators = 1, or name a user with SUPER in DATABASES",
  ],
  [/Access denied for user .*\(using password/, "Check user and password of the URL in DATABASES"],
  [
    /Access denied|command denied/,
    "To this user, GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES on the database to back it up, ALL to restore it",
  ],
  [/database exists/, "Give the new one another name: --database NAME"],
  [/Unknown database/, "Correct the name in DATABASES; SHOW DATABASES lists them"],
  [/Unknown (?:MySQL |MariaDB )?server host/, "Correct the host in DATABASES, or look at the name server"],
  [/No such container|is not running|Docker daemon/, "Is the container running, and is this its name?"],
  [/Too many connections/i, "max_connections of the server is used up: back up at another time, or raise it"],
  [/is not allowed to connect/, "Create the user for this host as well: 'user'@'host'"],
  [/must (?:SET|reset)|password has expired/i, "The user's password has expired: ALTER USER"],
  [/TLS|SSL/, "Client and server do not agree on TLS: set ssl options in an option file of the client"],
  [
    /Can't connect|Connection refused|No such file or directory|no answer from/,
    "Is the server running, and is this its address?",
  ],
  [
    /marked as crashed|is crashed|Incorrect (?:key file|file format)|should be repaired|File too short|Got error (?:126|127|134|144|145|175)\b/,
    "REPAIR TABLE, then back up again; if it is of InnoDB, look into the server's log first",
  ],
  [
    /references invalid table|definer .*does not exist/,
    "DROP the view or make it work again: what cannot be read cannot be dumped",
  ],
  [
    /definition has changed|status information for table/i,
    "The schema was changed during the dump: back up again, at an hour without migrations",
  ],
  [/max_allowed_packet|packet bigger/, "Raise max_allowed_packet of server and client"],
  [
    /Lost connection|gone away|Connection was killed/,
    "Look into the server's log; max_allowed_packet or net_write_timeout may be too small",
  ],
  [
    /Unknown table|unknown variable|unknown option|Unknown system variable/,
    "Dump program and server are of different kinds or ages: install the server's own client",
  ],
  [/Got errno 28|No space left/, "Free space where the server keeps temporary files"],
];

/** What mysqldump says of itself, not of the data. */
export const mysqlHarmless = /Using a password on the command line|Deprecated program name|is deprecated/;

/** What an admin can do about words of MySQL, if anything is known. */
export function hintOnMysql(words: string): string | undefined {
  return findHint(words, hints);
}

/** Reads stderr of a dump program. */
export function createMysqlReader(program: string): ProducerReader {
  return createDumpReader(program, hints, mysqlHarmless);
}

/** The last line of a dump, with or without its date. */
const mysqlTrailer = "-- Dump completed";

export const mysqlDumpProof = createTrailerProof(mysqlTrailer, { createCounter: createMysqlRowCounter });

/** The same for a dump that is being loaded, where its rows can be counted by the server. */
export const mysqlEndProof = createTrailerProof(mysqlTrailer);
