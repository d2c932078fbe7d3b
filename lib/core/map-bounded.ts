/** The results of `act` for each item, in their order, with at most `limit` under way. Rejects with the first failure. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  limit: number,
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const waiting = items.entries();
  const work = async () => {
    for (const [index, item] of waiting) results.set(index, await act(item));
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
