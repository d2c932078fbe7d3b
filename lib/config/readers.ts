/** Readers of plain values: each turns the text of a setting into its value or says what it expects. */
import { parseDuration } from "#lib/core/duration.ts";
import type { Reader } from "#lib/config/setting.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlCharacter = /[\u0000-\u001f\u007f]/;

export function hasControlCharacter(text: string): boolean {
  return controlCharacter.test(text);
}

/** Any text of one line. */
export const line: Reader<string> = (text, { refuse }) =>
  hasControlCharacter(text) ? refuse("one line without control characters") : text;

/** A text of one line that matches as a whole. */
export function matching(pattern: RegExp, expected: string): Reader<string> {
  return (text, { refuse }) => (pattern.test(text) ? text : refuse(expected));
}

export function choice<const Choice extends string>(...choices: readonly Choice[]): Reader<Choice> {
  return (text, { refuse }) => choices.find((one) => one === text) ?? refuse(`one of ${choices.join(", ")}`);
}

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  "0": false,
};

export const boolean: Reader<boolean> = (text, { refuse }) =>
  booleans[text.toLowerCase()] ?? refuse("true or false");

export function wholeNumber(min: number, max: number): Reader<number> {
  return (text, { refuse }) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : refuse(`a whole number from ${min} to ${max}`);
  };
}

/** A number of 0 or more in the unit that the key's name says. */
export function decimal(max = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (text, { refuse }) => {
    if (/^[\d.,]+\s*[A-Za-z%]+$/.test(text)) {
      return refuse("a number without a unit, such as 5 or 1.5: the unit is in the key's name");
    }
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? "of 0 or more" : `from 0 to ${max}`;
    return refuse(`a number ${range}, such as 5 or 1.5`);
  };
}

/** Timers count milliseconds in 31 bits: a longer one would fire at once. */
const maxDurationMs = 24 * 86_400_000;

/** Milliseconds. */
export function duration(minMs: number): Reader<number> {
  return (text, { refuse }) => {
    const value = parseDuration(text);
    if (value === undefined) return refuse("a duration such as 90s, 15m, 12h or 2d (a plain number is seconds)");
    if (value < minMs || value > maxDurationMs) return refuse(`a duration from ${minMs / 1000}s to 24d`);
    return value;
  };
}

/** An IANA time zone that this runtime knows. */
export const timeZone: Reader<string> = (text, { refuse }) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone === "" ? "UTC" : text;
  } catch {
    return refuse("a time zone such as Europe/Berlin or UTC");
  }
};

/** One item per line; blank lines and lines that start with `#` are skipped. */
export function list<Item>(readItem: Reader<Item>, separator = /\n/): Reader<readonly Item[]> {
  return (text, context) =>
    text
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== "" && !item.startsWith("#"))
      .map((item) => readItem(item, context));
}
