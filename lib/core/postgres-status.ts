/**
 * What PostgreSQL's programs say, and what it means.
 *
 * Reproduced with pg_dump 15 under LC_ALL=C: it exits 0 only if everything was dumped, otherwise 1 with `pg_dump: error: …`
 * and lines that go on with it. What the server says inside of that is in the server's language.
 */
import { findHint, type Hints } from "#lib/core/dump-reader.ts";
import type { ProducerReader } from "#lib/core/producer-status.ts";
import { createTrailerProof } from "#lib/core/trailer-proof.ts";

const linesKept = 20;
const programLine = /^(?:\S*\/)?(?:pg_\w+|psql): (?:(error|warning|detail|hint): )?(.*)$/;

/** What those words mean for an admin. */
const hints: Hints = [
  [
    /server version mismatch/,
    "Install the client programs of the server's version: apt-get install postgresql-client-VERSION",
  ],
  [/password authentication failed/, "Correct user and password in DATABASES"],
  [
    /no password supplied/,
    "The server asks for a password: write it into DATABASES, or into ~/.pgpass (mode 0600)",
  ],
  [
    /no pg_hba\.conf entry/,
    "Allow this user, database and address in the server's pg_hba.conf and reload it",
  ],
  [
    /Peer authentication failed/,
    "Give a password in DATABASES, or name no user: root then logs in as the system user postgres",
  ],
  [/database .* already exists/, "Give the new one another name: --database NAME"],
  [/database .* does not exist/, "psql --list shows the databases of the server; correct DATABASES"],
  [/role .* does not exist/, "Name a user that the server knows in DATABASES"],
  [/row-level security/, "The user sees a part of the rows only: ALTER ROLE … BYPASSRLS, or use a superuser"],
  [
    /permission denied to create database/,
    "ALTER ROLE … CREATEDB, or use a superuser; with --from DIR the dump becomes a file",
  ],
  [/permission denied/, "GRANT pg_read_all_data TO the user (PostgreSQL 14 and later), or use a superuser"],
  [/could not translate host name/, "Correct the host in DATABASES, or look at the name server"],
  [/timeout expired/, "The server does not answer: look at the firewall between here and there"],
  [/too many clients|connection slots/, "The server's max_connections is used up"],
  [
    /failed to execute|can't execute|executable file not found|: not found$/,
    "apt-get install postgresql-client, wherever it is that it runs; is this the container of the database?",
  ],
  [/terminat|closed the connection/, "Somebody or something ended it: look into the server's log"],
  [/Is the server running/, "Is the server running, and are host, port and socket right?"],
];

/** The last words of pg_dumpall. */
export const dumpAllTrailer = "-- PostgreSQL database cluster dump complete";

/** Of a dump that is being loaded, where its rows can be counted by the server. */
export const dumpAllEndProof = createTrailerProof(dumpAllTrailer);

interface Words {
  readonly texts: string[];
  lines: number;
}

/** Reads stderr of pg_dump, pg_dumpall or psql. Warnings of a dump that ended well are notes. */
export function createPostgresReader(): ProducerReader {
  const errors: Words = { texts: [], lines: 0 };
  const others: Words = { texts: [], lines: 0 };
  let current = others;
  const readLine = (line: string) => {
    const [isOwn, level, text = ""] = programLine.exec(line) ?? [undefined, undefined, line.trim()];
    // The statement says nothing that the error does not, and may be very long.
    if (text === "" || /^(?:Query|Command) was: /.test(text)) return;
    const isContinued = isOwn === undefined || level === "detail" || level === "hint";
    if (!isContinued) current = level === "error" ? errors : others;
    keep(current, text, isContinued);
  };
  return {
    readLine,
    classifyExit: (exitCode) => {
      if (exitCode === 0)
        return { outcome: "complete", problems: [], notes: [...errors.texts, ...others.texts] };
      const problems = errors.texts.length > 0 ? errors.texts : others.texts;
      return { outcome: "failed", problems, notes: [], hint: findHint(problems.join("\n"), hints) };
    },
  };
}

function keep(words: Words, text: string, isContinued: boolean): void {
  if (words.lines >= linesKept) return;
  words.lines += 1;
  const last = words.texts.pop();
  if (last !== undefined && isContinued) words.texts.push(`${last}; ${text}`);
  else words.texts.push(...(last === undefined ? [] : [last]), text);
}
