/** Text of a setting to its value; every refusal says what is expected. */
import { isAbsolute, resolve } from "node:path";
import { z } from "zod";
import type { SettingEntry } from "#lib/config/entry.ts";
import { parseDuration } from "#lib/core/duration.ts";
import type { RequiredMount } from "#lib/core/required-mount.ts";
import { createSecret, type Secret } from "#lib/core/secret.ts";
import { checkLayout } from "#lib/core/set-layout.ts";

/** The value, or what is expected instead. */
type Parsed<Value> = { readonly value: Value } | { readonly expected: string };

/** A text that means the same in whatever file it stands. */
export function parser<Value>(parse: (text: string) => Parsed<Value>): SettingEntry<Value>["parse"] {
  // Making it takes longer than using it, and a check loads the configurations of all jobs.
  const schema = schemaOf(parse);
  return () => schema;
}

function schemaOf<Value>(parse: (text: string) => Parsed<Value>): z.ZodType<Value, string> {
  return z.string().transform((text, issues): Value => {
    const parsed = parse(text);
    if ("value" in parsed) return parsed.value;
    issues.addIssue({ code: "custom", message: parsed.expected });
    return z.NEVER;
  });
}

export const control = /\p{Cc}/u;

/** Any text of one line: a line break in a subject or a user's name would begin a header of its own. */
export const text = parser<string>((value) =>
  control.test(value) ? { expected: "one line without control characters" } : { value },
);

export const word = (pattern: RegExp, expected: string) =>
  parser<string>((value) => (pattern.test(value) ? { value } : { expected }));

export const secret = parser<Secret>((value) =>
  control.test(value) ? { expected: "one line without control characters" } : { value: createSecret(value) },
);

export const secretUrl = parser<Secret>((value) =>
  isHttpUrl(value) ? { value: createSecret(value) } : { expected: "an http or https URL" },
);

export const httpUrl = parser<string>((value) =>
  isHttpUrl(value) ? { value: value.replace(/\/+$/, "") } : { expected: "an http or https URL" },
);

export const flag = parser<boolean>((value) => {
  if (/^(true|yes|on|1)$/i.test(value)) return { value: true };
  return /^(false|no|off|0)$/i.test(value) ? { value: false } : { expected: "true or false" };
});

export const choice = <const Value extends string>(...values: readonly Value[]) =>
  parser<Value>((value) => {
    const found = values.find((each) => each === value.toLowerCase());
    return found === undefined ? { expected: `one of ${values.join(", ")}` } : { value: found };
  });

export const integer = (least: number, most: number) =>
  parser<number>((value) => {
    const isInside = /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
    return isInside ? { value: Number(value) } : { expected: `a whole number from ${least} to ${most}` };
  });

export const decimal = (least: number, most: number, unit: string) =>
  parser<number>((value) => {
    const isInside = /^\d+(\.\d+)?$/.test(value) && Number(value) >= least && Number(value) <= most;
    return isInside
      ? { value: Number(value) }
      : { expected: `a number of ${unit} without a unit, such as 5 or 0.5` };
  });

/** Timers count milliseconds in 31 bits: a longer one would fire at once. */
const longestMs = 24 * 86_400_000;

/** Milliseconds. */
export const duration = (leastMs: number) =>
  parser<number>((value) => {
    const ms = parseDuration(value);
    if (ms === undefined) return { expected: "a duration such as 90s, 15m, 12h or 2d" };
    const isInside = ms >= leastMs && ms <= longestMs;
    return isInside ? { value: ms } : { expected: `a duration from ${leastMs / 1000}s to 24d` };
  });

/** An absolute, normalised path. */
export const path: SettingEntry<string>["parse"] = ({ directory }) =>
  schemaOf((value) => {
    if (value.startsWith("~")) return { expected: 'a path without "~": nothing expands it here' };
    if (control.test(value)) return { expected: "a path of one line" };
    return { value: resolve(directory, value) };
  });

/** One word a line. */
export const words = parser<readonly string[]>((value) => {
  const items = splitLines(value, /[\n,]/);
  const bad = items.find((item) => !/^[a-z0-9][a-z0-9-]*$/.test(item));
  return bad === undefined
    ? { value: items }
    : { expected: `"${bad}" to be a name of small letters and dashes` };
});

/** Relative to the source, without `./` before and `/` behind: tar compares such patterns with names as text. */
export const relativePaths = parser<readonly string[]>((value) => {
  const items = splitLines(value).map((item) => item.replace(/^(?:\.\/+)+/, "").replace(/(?<=[^/])\/+$/, ""));
  const expected = items.map(describeRelative).find((problem) => problem !== undefined);
  return expected === undefined ? { value: items } : { expected };
});

function describeRelative(item: string): string | undefined {
  if (isAbsolute(item)) return `"${item}" to be relative to APP_DIR`;
  if (item === "" || item === ".") return "paths in APP_DIR, not APP_DIR itself";
  return item.split("/").includes("..") ? `"${item}" to stay inside APP_DIR` : undefined;
}

export const machineIds = parser<readonly string[]>((value) => {
  const items = splitLines(value);
  const bad = items.find((item) => !/^[0-9a-f]{32}$/.test(item));
  return bad === undefined ? { value: items } : { expected: `"${bad}" to have 32 hexadecimal digits` };
});

export const address = parser<string>((value) =>
  isAddress(value) ? { value } : { expected: "an e-mail address" },
);

export const addresses = parser<readonly string[]>((value) => {
  const items = splitLines(value, /[\n,]/);
  const bad = items.find((item) => !isAddress(item));
  return bad === undefined
    ? { value: items }
    : { expected: `e-mail addresses, separated by commas: "${bad}" is none` };
});

/** `NAME <a@b>`, `a@b` or a local account; a dash first would be an option of sendmail. */
function isAddress(value: string): boolean {
  if (control.test(value)) return false;
  const bare = /^[^<>]*<([^<>]+)>$/.exec(value)?.[1] ?? value;
  return /^[^\s<>@,;:"()-][^\s<>@,;:"()]*(?:@[^\s<>@,;:"()]+)?$/.test(bare);
}

/** Lines `PATH`, which must be a mount point, or `PATH=MARKER`, which must hold a file of that name. */
export const mounts = parser<readonly RequiredMount[]>((value) => {
  const lines = splitLines(value);
  const bad = lines.find((line) => !isAbsolute(line) || /=(?:\.{0,2}|[^=]*\/[^=]*)$/.test(line));
  if (bad !== undefined) {
    return { expected: `"${bad}" to be an absolute path, with =MARKER naming a file in it` };
  }
  return {
    value: lines.map((line) => {
      const [, where = line, marker] = /^(.+)=([^=]+)$/.exec(line) ?? [];
      return { path: resolve(where), marker };
    }),
  };
});

export const layout = parser<string>((value) => {
  const [problem] = control.test(value) ? ["it must be one line"] : checkLayout(value);
  return problem === undefined ? { value } : { expected: `a layout: ${problem}` };
});

/** Names that are known to be good: to ask for one takes as long as to parse all other settings of a job. */
const knownZones = new Set<string>();

export const timeZone = parser<string>((value) => {
  if (knownZones.has(value)) return { value };
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    knownZones.add(value);
    return { value };
  } catch {
    return { expected: "the name of a time zone, such as Europe/Berlin" };
  }
});

/** One item a line, blank lines and comments left out; spaces inside an item are kept. */
export function splitLines(value: string, separator: RegExp | string = "\n"): string[] {
  return value
    .split(separator)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

export function isHttpUrl(value: string): boolean {
  return /^https?:\/\/\S+$/.test(value) && URL.canParse(value);
}
