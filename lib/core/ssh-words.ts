/** What ssh, and programs at its other end, say when they fail, and what an admin can do about it. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    "The host key is unknown or has changed, and is never accepted unseen: compare it with what the host shows, then put it into known_hosts",
  ],
  [
    /Permission denied \(/,
    "The key is not accepted: is its public half in authorized_keys of this user, and KEY_FILE right?",
  ],
  [/UNPROTECTED PRIVATE KEY FILE|bad permissions/, "chmod 600 the key file"],
  [/^Cannot run ssh/m, "apt-get install openssh-client; under cron, set PATH"],
  [/no program for SHA-256/, "Install coreutils, openssl or busybox there"],
  [/Could not resolve hostname/, "Correct the host in the URL, or look at the name server"],
  [
    /Connection refused/,
    "Is sshd running there, is this its port, and does no firewall there count connections (ufw limit)?",
  ],
  [
    /Connection (?:reset|closed)|Broken pipe|not responding/,
    "The connection was lost, or sshd there turned it away; the next run goes on where this one was",
  ],
  [/timed out|No route to host|unreachable/, "Is the host up, and is there a firewall in between?"],
  [/No space left|Disk quota exceeded/, "Free space there, or keep fewer sets with STORE_…_KEEP_…"],
  [/Read-only file system/, "Its file system is mounted read-only: look at its disk"],
  [/Permission denied|not writable/, "The user may not write there: check owner and mode of the base"],
  [/No such file or directory|can't cd/, "Create the base directory there, or mount what holds it"],
];

/** The reason in ssh's or the host's own words, without what ssh says beside it. */
export function sshReason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const changed = lines.find((line) => line.includes("REMOTE HOST IDENTIFICATION HAS CHANGED"));
  if (changed !== undefined) return changed.replaceAll(/[@\s]+/g, " ").trim();
  const own = lines.filter((line) => line !== "" && !/^(?:Warning: Permanently added|@+$)/.test(line));
  return own.at(-1) ?? "";
}

export function sshHint(stderr: string): string | undefined {
  return hints.find(([pattern]) => pattern.test(stderr))?.[1];
}
