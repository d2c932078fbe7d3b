/** Which of the stacks that are there are backed up. */
import { suggest } from "#lib/core/suggest.ts";

interface Selection<Stack> {
  readonly stacks: readonly Stack[];
  /** Asked for by name, and not there. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** What STACKS_SELECT and STACKS_SKIP leave of `stacks`; names without a stack are told. */
export function selectStacks<Stack extends { readonly name: string }>(
  stacks: readonly Stack[],
  selected: readonly string[],
  skipped: readonly string[],
): Selection<Stack> {
  const names = stacks.map(({ name }) => name);
  const missing = (list: readonly string[]) => list.filter((name) => !names.includes(name));
  return {
    stacks: stacks.filter(
      ({ name }) => (selected.length === 0 || selected.includes(name)) && !skipped.includes(name),
    ),
    problems: missing(selected).map((name) => {
      const close = suggest(name, names);
      const hint = close === undefined ? "" : `; did you mean "${close}"?`;
      return `Cannot find stack "${name}" of STACKS_SELECT${hint}`;
    }),
    notes: missing(skipped).map((name) => `STACKS_SKIP names "${name}", which is no stack`),
  };
}
