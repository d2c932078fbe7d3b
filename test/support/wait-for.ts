import { setTimeout as sleep } from "node:timers/promises";

interface WaitOptions {
  readonly timeoutMs?: number;
  /** What is waited for, for the error: `the lock to be held`. */
  readonly what: string;
}

type Falsy = false | 0 | "" | null | undefined;

/** Ask until the answer is truthy, and give that answer back; throws after `timeoutMs` (10 seconds). */
export async function waitFor<Answer>(
  ask: () => Answer | Promise<Answer>,
  { timeoutMs = 10_000, what }: WaitOptions,
): Promise<Exclude<Answer, Falsy>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer as Exclude<Answer, Falsy>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(5);
  }
}
