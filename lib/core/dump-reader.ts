/** Reads what a dump program says, and judges its end: anything but exit 0 is a failure in its own words. */
import type { ProducerReader } from "#lib/core/producer-status.ts";

const linesKept = 20;

/** What an admin can do about certain words. */
export type Hints = readonly (readonly [words: RegExp, hint: string])[];

export function findHint(words: string, hints: Hints): string | undefined {
  return hints.find(([pattern]) => pattern.test(words))?.[1];
}

/** Lines that match `harmless` are left out: they say nothing about this dump. */
export function createDumpReader(program: string, hints: Hints, harmless: RegExp): ProducerReader {
  const lines: string[] = [];
  return {
    readLine: (line) => {
      if (line.trim() === "" || harmless.test(line)) return;
      lines.push(line.trim());
      // The last ones: what ends a dump is said at its end.
      if (lines.length > linesKept) lines.shift();
    },
    classifyExit: (exitCode) => {
      if (exitCode === 0) return { outcome: "complete", problems: [], notes: lines };
      const problems = lines.length > 0 ? lines : [`${program} ${describeExit(exitCode)}`];
      return { outcome: "failed", problems, notes: [], hint: findHint(problems.join("\n"), hints) };
    },
  };
}

function describeExit(exitCode: number | null): string {
  if (exitCode === null) return "was killed";
  return exitCode > 128 ? `was killed by signal ${exitCode - 128}` : `ended with exit code ${exitCode}`;
}
