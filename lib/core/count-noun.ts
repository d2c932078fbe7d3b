/** Numbers in messages, with words that are right for one as well. Pure. */

/** `1 file`, `2 files`. */
export function countNoun(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

/** `1 was dumped`, `2 were dumped`. */
export function countDone(count: number, done: string): string {
  return `${count} ${count === 1 ? "was" : "were"} ${done}`;
}
