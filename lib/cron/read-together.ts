import { type Listed, type Machine, type ReadFile, readListed } from "#lib/cron/machine.ts";

/**
 * Reads files for finders that work side by side: what they ask for before any of them has to wait is read by one child, and once.
 * What cannot be read is told to `tell`.
 */
export function createReader(
  machine: Machine,
  tell: (problem: string) => void,
): (files: readonly Listed[]) => Promise<readonly ReadFile[]> {
  let asked: Listed[] = [];
  let answer: Promise<ReadonlyMap<string, ReadFile>> | undefined;
  const readAsked = async () => {
    // Others that were started with whoever asks first have asked by then.
    await Promise.resolve();
    const unique = new Map(asked.map((file) => [file.path, file]));
    [asked, answer] = [[], undefined];
    const read = await readListed(machine, [...unique.values()], tell);
    return new Map(read.map((file) => [file.path, file]));
  };
  return async (files) => {
    asked.push(...files);
    answer ??= readAsked();
    const read = await answer;
    return files.flatMap(({ path }) => read.get(path) ?? []);
  };
}
