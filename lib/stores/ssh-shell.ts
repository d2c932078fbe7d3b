/** A shell at the other end of plain ssh. */
import { quoteForShell } from "#lib/core/shell-quote.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";

export type SshTarget = StoreTarget & { readonly address: Extract<StoreAddress, { readonly kind: "ssh" }> };

/** The local command that runs `words` there: what comes out of the login shell is those words again. */
export function wrapForSsh(target: SshTarget, words: readonly string[]): [string, ...string[]] {
  return ["ssh", ...sshOptions(target), words.map(quoteForShell).join(" ")];
}

/** Strict about host keys, silent, and sure to notice a host that has gone. The user's own configuration stays in force. */
function sshOptions({ address, keyFile, knownHostsFile }: SshTarget): string[] {
  const { host, port, user } = address;
  const given = (name: string, value: string | undefined) =>
    value === undefined ? [] : ["-o", `${name}=${value}`];
  return [
    "-T",
    "-a",
    "-x",
    ...given("BatchMode", "yes"),
    ...given("StrictHostKeyChecking", "yes"),
    ...given("ConnectTimeout", "15"),
    ...given("ServerAliveInterval", "15"),
    ...given("ServerAliveCountMax", "4"),
    ...given("ClearAllForwardings", "yes"),
    // No process stays behind for the next connection; one that is there already may be used.
    ...given("ControlMaster", "no"),
    ...given("LogLevel", "ERROR"),
    ...given("UserKnownHostsFile", knownHostsFile && quoteForConfig(knownHostsFile)),
    ...given("IdentityFile", keyFile && quoteForConfig(keyFile)),
    ...given("IdentitiesOnly", keyFile === undefined ? undefined : "yes"),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    "--",
    host,
  ];
}

/** In ssh's configuration a percent sign begins a token, and a space ends a word. */
function quoteForConfig(path: string): string {
  return `"${path.replaceAll("%", "%%").replaceAll('"', '\\"')}"`;
}
