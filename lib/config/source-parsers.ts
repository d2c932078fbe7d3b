/** Text of a source's settings to values. */
import { parser, splitLines } from "#lib/config/parsers.ts";
import { type DatabaseTarget, parseDatabaseUrl } from "#lib/core/database-url.ts";

/** One URL a line. What is wrong is told by the number of its line: the text may hold a password. */
export const databases = parser<readonly DatabaseTarget[]>((value) => {
  const targets: DatabaseTarget[] = [];
  for (const [index, line] of splitLines(value).entries()) {
    const parsed = parseDatabaseUrl(line);
    if (!parsed.ok) return { expected: `as URL number ${index + 1} ${parsed.expected}` };
    const { componentName } = parsed.target;
    if (targets.some((target) => target.componentName === componentName)) {
      return {
        expected: `another name for URL number ${index + 1}, "${componentName}" is taken: add ?name=OTHER`,
      };
    }
    targets.push(parsed.target);
  }
  return { value: targets };
});

/** Whether any of the URLs has a password. */
export function holdsPassword(text: string): boolean {
  return /:\/\/[^/@?]*:[^/@?]*@/.test(text);
}
