/** Readers of addresses. */
import { URL } from "node:url";
import { matching } from "#lib/config/readers.ts";
import type { Reader } from "#lib/config/setting.ts";

/** An http or https address, as it was written. */
export const url: Reader<string> = (text, { refuse }) =>
  parseWebAddress(text) === undefined ? refuse("an address that starts with http:// or https://") : text;

/** The address of a server, printed wherever it is used: it must not hold a password. No trailing slash. */
export const serverUrl: Reader<string> = (text, { refuse }) => {
  const parsed = parseWebAddress(text);
  if (parsed === undefined) return refuse("an address that starts with http:// or https://");
  if (parsed.username !== "" || parsed.password !== "") {
    return refuse("an address without user and password: they have settings of their own");
  }
  if (parsed.search !== "" || parsed.hash !== "") return refuse('an address without "?" and "#"');
  return text.replace(/\/+$/, "");
};

function parseWebAddress(text: string): URL | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  return /^https?:$/.test(parsed.protocol) ? parsed : undefined;
}

/** `name@host`, or a local account; a leading dash would be an option of sendmail. */
export const emailAddress: Reader<string> = (text, { refuse }) =>
  /^[^\s@,;:<>()"-][^\s@,;:<>()"]*(?:@[^\s@,;<>()"]+)?$/.test(text)
    ? text
    : refuse(`an address such as admin@example.org, or a local account: "${text}"`);

/** A name or an address, without a port. */
export const hostName = matching(
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$/,
  "the name or address of a host, without a port",
);
