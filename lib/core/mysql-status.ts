/** What the programs of MySQL and MariaDB say, what it means, and how their dumps are proven whole. */
import { createDumpReader, findHint, type Hints } from "#lib/core/dump-reader.ts";
import type { ProducerReader } from "#lib/core/producer-status.ts";
import { createTrailerProof } from "#lib/core/trailer-proof.ts";

/** What the messages of MySQL, MariaDB and their programs mean for an admin. */
const hints: Hints = [
  [/show events|EVENT/, "GRANT EVENT on the database to this user, or drop its events"],
  [/Access denied for user .*\(using password/, "Check user and password of the URL in DATABASES"],
  [
    /Access denied|command denied/,
    "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES on the database to this user",
  ],
  [/Unknown database/, "Correct the name in DATABASES; SHOW DATABASES lists them"],
  [
    /Can't connect|Connection refused|No such file or directory/,
    "Is the server running, and is this its address?",
  ],
  [/marked as crashed|is crashed|Incorrect key file|should be repaired/, "REPAIR TABLE, then back up again"],
  [/max_allowed_packet|packet bigger/, "Raise max_allowed_packet of server and client"],
  [/Lost connection|gone away/, "Look into the server's log; raise net_write_timeout"],
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
export const mysqlDumpProof = createTrailerProof("-- Dump completed");
