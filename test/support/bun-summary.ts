/** How many tests passed, failed and were skipped. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const summary = /((?:^ *\d+ [^\n]*\n)+)Ran \d+ tests? across /gm;

/**
 * Read the summary that `bun test` ends with; undefined when there is none, as after a crash or when no test was found.
 *
 * Not from its JUnit file: that has no entry for a test file that could not be loaded, the summary counts it as failed.
 */
export function parseBunSummary(output: string): TestCounts | undefined {
  const lines = [...output.matchAll(summary)].at(-1)?.[1];
  if (lines === undefined) return undefined;
  const count = (word: string) => Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(lines)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") + count("todo") };
}

/** Test files, as Bun names them above their tests, that have a failure before the summary's own list of them. */
export function listFailedFiles(output: string): readonly string[] {
  const files = new Set<string>();
  let file: string | undefined;
  for (const line of output.split("\n")) {
    if (/^\d+ tests? failed:$/.test(line)) break;
    file = /^(\S+\.test\.ts):$/.exec(line)?.[1] ?? file;
    if (file !== undefined && line.startsWith("(fail) ")) files.add(file);
  }
  return [...files];
}

/** The last line of the gate. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
