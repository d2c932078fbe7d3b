/** Text of a store's settings to values. */
import { resolve } from "node:path";
import { control, parser, splitLines } from "#lib/config/parsers.ts";
import { checkLayout } from "#lib/core/set-layout.ts";
import type { StoreAddress, Tier } from "#lib/core/store-target.ts";

/** As `layout`, with `{tier}` for a tier's name. */
export const storeLayout = parser<string>((value) => {
  const [problem] = control.test(value)
    ? ["it must be one line"]
    : checkLayout(value.replaceAll("{tier}", "tier"));
  return problem === undefined ? { value } : { expected: `a layout: ${problem}` };
});

/** Lines `NAME=DAY,DAY`. */
export const tiers = parser<readonly Tier[]>((value) => {
  const lines = splitLines(value);
  const parsed = lines.map((line) => {
    const [, name, days] = /^([a-z0-9][a-z0-9_-]*)\s*=\s*(\d+(?:\s*,\s*\d+)*)$/.exec(line) ?? [];
    const numbers = days?.split(",").map(Number) ?? [];
    const isValid = name !== undefined && numbers.every((day) => day >= 1 && day <= 31);
    return isValid ? { name, days: numbers } : undefined;
  });
  const bad = parsed.indexOf(undefined);
  if (bad !== -1) return { expected: `"${lines[bad]}" to be a name and days of the month: biweekly=1,15` };
  return { value: parsed.filter((tier) => tier !== undefined) };
});

/** Where a store is: taken literally, so that spaces and percent signs need no code. */
export const storeAddress = parser<StoreAddress>((value) => {
  const parsed = parseStoreAddress(value);
  return parsed.ok ? { value: parsed.address } : { expected: parsed.expected };
});

export type ParsedAddress =
  | { readonly ok: true; readonly address: StoreAddress }
  | { readonly ok: false; readonly expected: string };

/** The same for an address from a command line. */
export function parseStoreAddress(value: string): ParsedAddress {
  const refuse = (expected: string): ParsedAddress => ({ ok: false, expected });
  if (control.test(value)) return refuse("an address of one line");
  if (value.startsWith("/")) return { ok: true, address: { kind: "directory", path: resolve(value) } };
  const remote = /^rclone:(:?[^:]+:.*)$/.exec(value)?.[1];
  if (remote !== undefined) {
    return /\b(?:pass|password|key|secret|token)[a-z_]*=/i.test(remote)
      ? refuse("an address without secrets: they belong in rclone's configuration file")
      : { ok: true, address: { kind: "rclone", remote } };
  }
  const ssh =
    /^ssh:\/\/(?:([^@/:\s]+)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(?::(\d{1,5}))?(\/.*)$/.exec(
      value,
    );
  const [, user, host, port, where] = ssh ?? [];
  if (host === undefined || where === undefined || user?.startsWith("-") === true) {
    return refuse("ssh://USER@HOST:PORT/PATH, rclone:REMOTE:PATH or an absolute path");
  }
  const address = {
    kind: "ssh",
    user,
    host: host.replace(/^\[|\]$/g, ""),
    port: port === undefined ? undefined : Number(port),
    path: where.startsWith("/~/") ? where.slice(3) : where,
  } as const;
  return { ok: true, address };
}
