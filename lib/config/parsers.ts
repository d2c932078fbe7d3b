/** Text of a setting to its value; every refusal says what is expected. */
import { isAbsolute, normalize, resolve } from "node:path";
import { z } from "zod";
import type { SettingContext } from "#lib/config/entry.ts";
import { parseDuration } from "#lib/core/duration.ts";
import type { RequiredMount } from "#lib/core/required-mount.ts";
import { createSecret, type Secret } from "#lib/core/secret.ts";
import { checkLayout } from "#lib/core/set-layout.ts";

/** The value, or what is expected instead. */
type Parsed<Value> = { readonly value: Value } | { readonly expected: string };

function parser<Value>(parse: (text: string, context: SettingContext) => Parsed<Value>) {
  return (context: SettingContext): z.ZodType<Value, string> =>
    z.string().transform((text, issues): Value => {
      const parsed = parse(text, context);
      if ("value" in parsed) return parsed.value;
      issues.addIssue({ code: "custom", message: parsed.expected });
      return z.NEVER;
    });
}

export const text = parser<string>((value) => ({ value }));

export const word = (pattern: RegExp, expected: string) =>
  parser<string>((value) => (pattern.test(value) ? { value } : { expected }));

export const secret = parser<Secret>((value) => ({ value: createSecret(value) }));

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

/** Milliseconds. */
export const duration = parser<number>((value) => {
  const ms = parseDuration(value);
  return ms === undefined ? { expected: "a duration such as 90s, 15m, 12h or 2d" } : { value: ms };
});

/** An absolute, normalised path. */
export const path = parser<string>((value, context) => {
  if (value.startsWith("~")) return { expected: 'a path without "~": nothing expands it here' };
  if (value.includes("\0")) return { expected: "a path without NUL" };
  return { value: withoutTrailingSlash(normalize(resolve(context.directory, value))) };
});

/** A path relative to the source, which may not leave it. */
function relativeProblem(value: string): string | undefined {
  if (isAbsolute(value)) return `"${value}" to be relative to APP_DIR`;
  return value.split("/").includes("..") ? `"${value}" to stay inside APP_DIR` : undefined;
}

export const relativePaths = parser<readonly string[]>((value) => {
  const items = splitLines(value).map((item) => item.replace(/^\.\//, ""));
  const expected = items.map(relativeProblem).find((problem) => problem !== undefined);
  return expected === undefined ? { value: items } : { expected };
});

export const lines = parser<readonly string[]>((value) => ({ value: splitLines(value) }));

export const addresses = parser<readonly string[]>((value) => {
  const items = splitLines(value).flatMap((line) => line.split(",").map((item) => item.trim()));
  const bad = items.find(
    (item) => !/^(?:[^<>@\s]+(?:@[^<>@\s]+)?|[^<>\n]*<[^<>@\s]+@[^<>@\s]+>)$/.test(item),
  );
  return bad === undefined ? { value: items } : { expected: `"${bad}" to be an e-mail address` };
});

/** Lines `PATH`, which must be a mount point, or `PATH=MARKER`, which must hold a file of that name. */
export const mounts = parser<readonly RequiredMount[]>((value) => {
  const items = splitLines(value).map((line): RequiredMount => {
    const at = line.indexOf("=");
    const [where, marker] = at === -1 ? [line, undefined] : [line.slice(0, at), line.slice(at + 1)];
    return { path: withoutTrailingSlash(normalize(where)), marker };
  });
  const bad = items.find(
    (item) => !isAbsolute(item.path) || item.marker === "" || item.marker?.includes("/"),
  );
  if (bad === undefined) return { value: items };
  return { expected: `"${bad.path}" to be an absolute path, with =MARKER naming a file in it` };
});

export const layout = parser<string>((value) => {
  const [problem] = checkLayout(value);
  return problem === undefined ? { value } : { expected: `a layout: ${problem}` };
});

export const timeZone = parser<string>((value) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    return { value };
  } catch {
    return { expected: "the name of a time zone, such as Europe/Berlin" };
  }
});

/** One item a line, blank lines and comments left out; spaces inside an item are kept. */
function splitLines(value: string): string[] {
  return value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function isHttpUrl(value: string): boolean {
  return /^https?:\/\/\S+$/.test(value) && URL.canParse(value);
}

function withoutTrailingSlash(value: string): string {
  return value.length > 1 ? value.replace(/\/+$/, "") : value;
}
