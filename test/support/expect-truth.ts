import { expect } from "bun:test";
import type { Ended } from "#test/support/sandbox.ts";
import type { Blow } from "#test/support/striker.ts";

const exitCodes = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 };

interface Telling {
  readonly blow: Blow;
  readonly ended: Ended;
  /** By the run, by whoever cleared up after it, by the next command. */
  readonly said: string;
  /** What is there now is what was to be restored. */
  readonly isNew: boolean;
}

/** Hold what was said of a restore in place that was ended against what there is: what is so, and nothing else. */
export function expectTruth({ blow, ended, said, isNew }: Telling): void {
  const isComplete = /run\.complete: OK: Restored/.test(said);
  if (ended.signal === null) {
    const exitCode = blow === "SIGKILL" || blow === "power" || isComplete ? 0 : exitCodes[blow];
    expect({ said, exitCode: ended.exitCode }).toMatchObject({ exitCode });
    if (!isComplete) expect(said).toContain(`Stopped by ${blow}`);
  } else if (said.includes("run.began")) {
    // Between its ending and the end of its process there is nothing left to tell.
    expect(said).toMatch(/run\.died|run\.complete: OK: Restored/);
  }
  const isSaidNew = isComplete || /Replaced as a whole: |too late to stop: .* has been replaced/.test(said);
  expect({ said, isSaidNew }).toMatchObject({ isSaidNew: isNew });
}
