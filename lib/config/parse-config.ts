/** The text of a configuration to keys and values. dotenv reads; this finds lines, and what dotenv passes over in silence. */
import { parse } from "dotenv";

export interface ConfigText {
  /** Text of each key as it stands, and its line. */
  readonly values: ReadonlyMap<string, { readonly text: string; readonly line: number }>;
  /** Lines that mean nothing or not what they seem to, keys given twice. */
  readonly problems: readonly string[];
}

export function parseConfig(path: string, content: string): ConfigText {
  const lines = content.replaceAll(/\r\n?/g, "\n").split("\n");
  const values = new Map<string, { text: string; line: number }>();
  const problems: string[] = [];
  let index = 0;
  while (index < lines.length) {
    const line = index + 1;
    const statement = readStatement(lines, index);
    index += statement?.lineCount ?? 1;
    if (statement === undefined) continue;
    const place = `${path}:${line} ${statement.key ?? ""}`.trimEnd();
    if (statement.problem !== undefined) problems.push(`${place} ${statement.problem}`);
    if (statement.key === undefined) continue;
    const earlier = values.get(statement.key);
    if (earlier !== undefined) problems.push(`${place} is given twice, first in line ${earlier.line}`);
    else values.set(statement.key, { text: statement.text, line });
  }
  return { values, problems };
}

interface Statement {
  readonly key: string | undefined;
  readonly text: string;
  readonly lineCount: number;
  readonly problem?: string | undefined;
}

/** What begins at a line: dotenv is given ever more lines until the quote that opens the value is closed. */
function readStatement(lines: readonly string[], start: number): Statement | undefined {
  const first = lines[start] ?? "";
  if (/^\s*(#|$)/.test(first)) return undefined;
  const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(first);
  const [, key, raw] = match ?? [];
  if (key === undefined || raw === undefined) {
    return { key: undefined, text: "", lineCount: 1, problem: "is no setting: expected KEY=value" };
  }
  const quote = /^["'`]/.exec(raw)?.[0];
  const alone = { key, text: parse(first)[key] ?? "", lineCount: 1 };
  if (quote === undefined) return { ...alone, problem: describeUnquoted(raw) };
  for (let end = start; end < lines.length; end += 1) {
    if (!(lines[end] ?? "").includes(quote)) continue;
    const text = parse(lines.slice(start, end + 1).join("\n"))[key] ?? "";
    if (!text.startsWith(quote))
      return { key, text, lineCount: end + 1 - start, problem: describeText(text) };
  }
  return { ...alone, problem: `begins with ${quote} but no line ends with it` };
}

function describeUnquoted(raw: string): string | undefined {
  // dotenv cuts an unquoted value at any "#", a password in the middle.
  return /^[^#]*\S#|^#/.test(raw) ? 'holds a "#": put the value in quotes' : describeText(raw);
}

function describeText(text: string): string | undefined {
  return text.includes("\uFFFD") ? "holds bytes that are no UTF-8" : undefined;
}
