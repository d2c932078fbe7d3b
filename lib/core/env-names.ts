/**
 * Names of the variables of an env file, and never a part of a value.
 *
 * Env files are written for many readers, whose rules for quotes and line ends differ. Where a line could be a name or the
 * rest of a value it is passed over: a lost name can be looked up in the application, a leaked value cannot be taken back.
 */

export interface EnvNames {
  /** In the order of the file. */
  readonly names: readonly string[];
  /** Lines that could not be told to be no part of a value. */
  readonly passedOver: number;
}

/** Whether the value of several lines ends in this one. */
type IsEnd = (line: string) => boolean;

const assignment = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$/;

export function readEnvNames(text: string): EnvNames {
  const names: string[] = [];
  let passedOver = 0;
  let isEnd: IsEnd | undefined;
  // After a line that nobody understands the next ones may belong to it.
  let isLost = false;
  for (const line of text.split(/\r?\n/)) {
    if (isEnd !== undefined) {
      if (isEnd(line)) isEnd = undefined;
      continue;
    }
    if (/^\s*(?:#|$)/.test(line)) {
      isLost = false;
      continue;
    }
    const [, name, value = ""] = assignment.exec(line) ?? [];
    if (name === undefined || isLost || isEndOfBase64(name, value)) {
      passedOver += 1;
      isLost = true;
      continue;
    }
    names.push(name);
    isEnd = findEnd(value);
  }
  return { names, passedOver: isEnd === undefined ? passedOver : passedOver + 1 };
}

/** How a value that goes on in the next line will end; undefined when it is whole. */
function findEnd(value: string): IsEnd | undefined {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote !== undefined) {
    const isEnd: IsEnd = (line) => endsQuote(line, quote);
    return isEnd(value.slice(1)) ? undefined : isEnd;
  }
  if (value.includes("-----BEGIN") && !value.includes("-----END")) {
    return (line) => line.includes("-----END");
  }
  return value.endsWith("\\") ? (line) => !line.endsWith("\\") : undefined;
}

/** A quote ends a value when nothing but a comment comes after it; a backslash hides it, except from single quotes. */
function endsQuote(text: string, quote: string): boolean {
  const visible = quote === "'" ? text : text.replaceAll(/\\./g, "");
  return new RegExp(`${quote}\\s*(?:#.*)?$`).test(visible);
}

/** `c2VjcmV0==` is the last line of a wrapped value, not a variable with the value `=`. */
function isEndOfBase64(name: string, value: string): boolean {
  if (value === "=") return true;
  return value === "" && /^[A-Za-z0-9]+$/.test(name) && /[a-z]/.test(name) && /[A-Z]/.test(name);
}
