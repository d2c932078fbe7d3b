/** What rclone says and what its exits mean. Exit codes: rclone's documentation, "List of exit codes". */

/** The directory or the file that was asked for does not exist. */
export function isNotFound(exitCode: number | null): boolean {
  return exitCode === 3 || exitCode === 4;
}

const temporary = 5;

const exitWords: ReadonlyMap<number, string> = new Map([
  [2, "it was called in a way that it does not know"],
  [3, "directory not found"],
  [4, "file not found"],
  [temporary, "a temporary error"],
  [6, "an error that it takes for less serious"],
  [7, "a fatal error"],
]);

// A status of HTTP is looked for together with its words: the number alone may be part of a port or a name.
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /didn't find section in config file/,
    "Set the remote up with rclone config, as the user who runs the backup, or name its file with RCLONE_CONFIG",
  ],
  [
    /token (?:has )?(?:been )?(?:expired|revoked)|invalid_grant|couldn't fetch token|empty token found/i,
    "rclone config reconnect REMOTE:",
  ],
  [
    /x509: |\btls: /,
    "Renew the server's certificate, name it in the URL as the certificate does, or let rclone know its authority (RCLONE_CA_CERT)",
  ],
  [
    /\b507 |insufficient ?storage|no space left|remaining disk space|disk (?:is )?full|quota/i,
    "Free space there, or keep fewer sets with STORE_…_KEEP_…",
  ],
  [
    /failed to rmdir|directory not empty/i,
    "Look at it by hand: something in it, such as a symlink, is nothing that rclone removes",
  ],
  [
    // What a server of sftp says of whatever it has no code for; and rclone's own, as one.
    /SSH_FX_FAILURE|closed pipe/,
    "An sftp server says no more than this of a full disk: rclone about REMOTE:PATH shows its room",
  ],
  [/\b405 Method Not Allowed/, "Does the server take uploads at this path, and has its disk room?"],
  [
    /40[13] (?:unauthorized|forbidden)|error 40[13]\b|status ?code: 40[13]\b|permission.denied|access ?denied|unauthori[sz]ed|handshake failed/i,
    "Check the account of the remote and what it may do there",
  ],
  [
    /connection refused|no such host|i\/o timeout|deadline exceeded|network is unreachable|no route to host|connection reset|broken pipe|EOF\b/,
    "Is the remote up, and is its address right?",
  ],
  [
    /directory not found|bucket does not exist|NoSuchBucket/,
    "Create the base: rclone mkdir REMOTE:PATH, or mount what holds it",
  ],
];

export function rcloneHint(words: string, exitCode: number | null): string | undefined {
  const hint = hints.find(([pattern]) => pattern.test(words))?.[1];
  return hint ?? (exitCode === temporary ? "It may pass: the next run tries again" : undefined);
}

/** Why it failed, in its own words; by its exit where it has none. */
export function rcloneReason(log: string, exitCode: number | null): string {
  const entries = readLog(log);
  const telling =
    entries.findLast(({ text }) => /^(?:Failed to|Fatal error)\b/.test(text)) ??
    entries.findLast(({ level }) => ["error", "critical", "fatal"].includes(level)) ??
    entries.findLast(({ level }) => level === "");
  const said = telling?.text.replace(/^Failed to \S+(?: with \d+ errors)?: (?:last error was: )?/, "");
  if (said !== undefined) return said;
  if (exitCode === null) return "it was killed";
  return `it ended with ${exitCode}${exitWords.has(exitCode) ? `, ${exitWords.get(exitCode)}` : ""}`;
}

interface LogEntry {
  /** In small letters; empty where a line names none. */
  readonly level: string;
  readonly text: string;
}

/** Entries of rclone's log, as text or as JSON. A message may have several lines, of which only the first has a time. */
function readLog(log: string): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  for (const line of log.split("\n")) {
    const [, level = "", text = ""] = jsonEntry(line) ?? textEntry(line) ?? [];
    const last = entries.at(-1);
    if (text !== "") entries.push({ level: level.toLowerCase(), text: text.trim() });
    else if (last !== undefined && line.trim() !== "") {
      entries[entries.length - 1] = { ...last, text: `${last.text} ${line.trim()}` };
    } else if (line.trim() !== "") entries.push({ level: "", text: line.trim() });
  }
  return entries;
}

function textEntry(line: string): readonly string[] | undefined {
  const timed = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\s+(.*)$/.exec(line)?.[1];
  if (timed === undefined) return undefined;
  // An entry about no object has an empty place for its name.
  return /^(DEBUG|INFO|NOTICE|ERROR|CRITICAL)\s*:\s*(?::\s*)?(.*)$/.exec(timed) ?? ["", "", timed];
}

function jsonEntry(line: string): readonly string[] | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, msg }: { level?: unknown; msg?: unknown } = JSON.parse(line);
    return typeof level === "string" && typeof msg === "string" ? ["", level, msg] : undefined;
  } catch {
    return undefined;
  }
}
