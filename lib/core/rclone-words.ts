/** What rclone says and what its exits mean. Exit codes: rclone's documentation, "List of exit codes". */

/** The directory or the file that was asked for does not exist. */
export function isNotFound(exitCode: number | null): boolean {
  return exitCode === 3 || exitCode === 4;
}

const hints: readonly (readonly [RegExp, string])[] = [
  [
    /didn't find section in config file/,
    "Set the remote up with rclone config, as the user who runs the backup, or name its file with RCLONE_CONFIG",
  ],
  [/token expired|invalid_grant|couldn't fetch token/, "rclone config reconnect REMOTE:"],
  [
    /\b40[13]\b|[Pp]ermission denied|[Aa]ccess denied|[Uu]nauthori[sz]ed|ssh: handshake failed/,
    "Check the account of the remote and what it may do there",
  ],
  [
    /\b507\b|[Nn]o space|disk space|quota|storageQuotaExceeded/,
    "Free space there, or keep fewer sets with STORE_…_KEEP_…",
  ],
  [
    /connection refused|no such host|i\/o timeout|network is unreachable|connection reset|EOF/,
    "Is the remote up, and is its address right?",
  ],
  [
    /directory not found|bucket does not exist|NoSuchBucket/,
    "Create the base: rclone mkdir REMOTE:PATH, or mount what holds it",
  ],
];

export function rcloneHint(words: string): string | undefined {
  return hints.find(([pattern]) => pattern.test(words))?.[1];
}

/** The last line that says what went wrong, without its time stamp. */
export function rcloneReason(stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\s+/, "").trim())
    .filter((line) => line !== "" && !/^(?:NOTICE|INFO|DEBUG)\b/.test(line));
  const telling = lines.filter((line) => /^(?:ERROR|CRITICAL|Failed)/.test(line));
  return (telling.at(-1) ?? lines.at(-1) ?? "").replace(/^(?:ERROR|CRITICAL)\s*:\s*/, "");
}
