/** What a person types to choose from a numbered list: `1-3 5`, or `all`. */

export type Choice =
  /** Places in the list, from 0, in its order. */
  | { readonly ok: true; readonly places: readonly number[] }
  | { readonly ok: false; readonly problem: string };

/** Understand a choice from `count` entries. */
export function parseChoice(text: string, count: number): Choice {
  const words = text
    .trim()
    .split(/[\s,]+/)
    .filter((word) => word !== "");
  if (words.length === 0) return { ok: false, problem: "nothing was chosen" };
  const chosen = new Set<number>();
  for (const word of words) {
    if (/^all$/i.test(word)) {
      for (let number = 1; number <= count; number += 1) chosen.add(number);
      continue;
    }
    const [, first, last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(word) ?? [];
    if (first === undefined)
      return { ok: false, problem: `"${word}" is no number, no range such as 1-3, and not all` };
    const [from, to] = [Number(first), Number(last)];
    if (from > to) return { ok: false, problem: `"${word}" runs backwards` };
    if (from < 1 || to > count)
      return { ok: false, problem: `"${word}" is not in the list: it has 1 to ${count}` };
    for (let number = from; number <= to; number += 1) chosen.add(number);
  }
  return { ok: true, places: [...chosen].sort((a, b) => a - b).map((number) => number - 1) };
}
