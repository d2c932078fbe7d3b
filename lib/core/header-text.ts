/**
 * A text as one line for a header, a title or a log: without line breaks or other control characters, so that no name of
 * a job or host can begin a header of its own.
 */
export function headerText(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
