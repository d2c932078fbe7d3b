/**
 * What GNU tar says while it writes an archive, and what its exit means for a backup.
 *
 * Reproduced with GNU tar 1.34 and 1.35 under LC_ALL=C: it exits 1 when files changed, shrank or vanished while it read
 * them (normal on a live system: the archive is whole but not one point in time), and 2 for everything else, from a file
 * that may not be read (the archive is usable and lacks it) to a full disk (it is not). Only stderr tells these apart.
 */

import type { MemberLists, ProducerReader, ProducerStatus } from "#lib/core/producer-status.ts";

/** Lines that nobody foresaw are its problems; with exit 2 they make the archive unusable. */
export type TarStatus = ProducerStatus & MemberLists;

export interface TarReader extends ProducerReader {
  readonly classifyExit: (exitCode: number | null) => TarStatus;
}

type LineKind = "changed" | "vanished" | "unreadable" | "leftOut" | "harmless" | "problem";

const namesKept = 200;
const problemsKept = 20;

const patterns: readonly (readonly [RegExp, LineKind])[] = [
  [/^tar: (.*): file changed as we read it$/, "changed"],
  [/^tar: (.*): File shrank by \d+ bytes; padding with zeros$/, "changed"],
  [/^tar: (.*): File removed before we read it$/, "vanished"],
  [/^tar: (.*): file is on a different filesystem; not dumped$/, "leftOut"],
  [/^tar: (.*): (?:socket|door) ignored$/, "leftOut"],
  [/^tar: (.*): Read error at byte \d+, while reading \d+ bytes: /, "unreadable"],
  [/^tar: (.*): Cannot (?:open|stat|read|readlink|savedir|opendir|chdir|fstat): /, "unreadable"],
  [/^tar: (.*): Warning: /, "harmless"],
  [/^tar: Exiting with failure status due to previous errors$/, "harmless"],
  [/^Total bytes written: /, "harmless"],
];

export function createTarReader(): TarReader {
  const lists: Record<"changed" | "vanished" | "unreadable" | "leftOut", { count: number; names: string[] }> =
    {
      changed: { count: 0, names: [] },
      vanished: { count: 0, names: [] },
      unreadable: { count: 0, names: [] },
      leftOut: { count: 0, names: [] },
    };
  const problems: string[] = [];
  let bytesWritten: number | undefined;

  const readLine = (line: string) => {
    if (line === "") return;
    const total = /^Total bytes written: (\d+)/.exec(line)?.[1];
    if (total !== undefined) bytesWritten = Number(total);
    const { kind, name } = classifyLine(line);
    if (kind === "harmless") return;
    if (kind === "problem") {
      if (problems.length < problemsKept) problems.push(line);
      return;
    }
    const list = lists[kind];
    list.count += 1;
    if (list.names.length < namesKept) list.names.push(name);
  };

  const classifyExit = (exitCode: number | null): TarStatus => {
    const isUsable = exitCode === 0 || exitCode === 1 || (exitCode === 2 && problems.length === 0);
    const lacksMembers = lists.unreadable.count > 0 || exitCode === 2;
    const outcome = !isUsable ? "failed" : lacksMembers ? "partial" : "complete";
    return { outcome, ...lists, problems, notes: [], bytesWritten };
  };

  return { readLine, classifyExit };
}

/** tar calls itself by the path by which it was called. */
function classifyLine(raw: string): { readonly kind: LineKind; readonly name: string } {
  const line = raw.replace(/^\S*\/tar: /, "tar: ");
  for (const [pattern, kind] of patterns) {
    const match = pattern.exec(line);
    if (match) return { kind, name: match[1] ?? "" };
  }
  return { kind: "problem", name: "" };
}
