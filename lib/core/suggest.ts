/**
 * The known word that a mistyped one most likely means, or undefined when none is near.
 *
 * Near is a third of the word's length in edits (one inserted, missing, wrong or swapped letter is one edit), whatever its case.
 */
export function suggest(word: string, known: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = countEdits(word.toLowerCase(), candidate.toLowerCase());
    if (
      edits <= Math.ceil(word.length / 3) &&
      edits < candidate.length &&
      edits < (best?.edits ?? Infinity)
    ) {
      best = { candidate, edits };
    }
  }
  return best?.candidate;
}

/** Edits between two words, by the rows of the usual table; a swap of neighbours counts once. */
function countEdits(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (isSame ? 0 : 1),
          isSwap ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
