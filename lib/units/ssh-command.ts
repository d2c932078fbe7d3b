import { quoteForShell } from "#lib/core/shell-quote.ts";

const options = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "ClearAllForwardings=yes",
  "LogLevel=ERROR",
];

/** The local command that runs `words` at a host, by the user's own ssh configuration; never asks for anything. */
export function sshCommand(host: string, words: readonly string[]): [string, ...string[]] {
  return [
    "ssh",
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    "--",
    host,
    words.map(quoteForShell).join(" "),
  ];
}
