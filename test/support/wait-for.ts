import { setTimeout as sleep } from "node:timers/promises";

interface WaitOptions {
  readonly timeoutMs?: number;
  /** What is waited for, for the error: `the lock to be held`. */
  readonly what: string;
}

/** Ask until the answer is truthy, and give that answer back; throws after `timeoutMs` (10 seconds). */
export async function waitFor<Answer>(
  ask: () => Answer | Promise<Answer>,
  { timeoutMs = 10_000, what }: WaitOptions,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(5);
  }
}
