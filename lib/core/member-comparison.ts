/**
 * The members of an archive against those of another one that is made of what came out of it, in the same order. Pure.
 *
 * Both come in as they are read. What is remembered are members that one archive is ahead of the other, and what differs:
 * the memory does not grow with the archive.
 */
import type { DigestedMember } from "#lib/core/tar-digests.ts";
import { showName } from "#lib/core/tar-judge.ts";

export interface ComparedMembers {
  /** Files whose content was compared, other names of theirs, and everything else. */
  readonly files: number;
  readonly links: number;
  readonly others: number;
  /** Of the files. */
  readonly bytes: number;
  /** Members that could not be judged: stored in an old way, or twice under one name. */
  readonly unjudged: number;
  /** A line each; the first ones. */
  readonly problems: readonly string[];
}

export interface MemberComparison {
  /** The next one of the archive. */
  readonly expect: (member: DigestedMember) => void;
  /** The next one that is there. Those that were expected before it are not. */
  readonly find: (member: DigestedMember) => void;
  /** Nothing more comes. */
  readonly end: () => ComparedMembers;
}

interface Expected extends DigestedMember {
  /** A later member has the same name: this one is gone. */
  isReplaced: boolean;
}

const problemsShown = 10;
/** Beyond it they are counted, and no longer known by name. */
const differencesKept = 10_000;

export function createMemberComparison(): MemberComparison {
  const queue: Expected[] = [];
  const waiting = new Map<string, Expected>();
  const different = new Map<string, string>();
  const counts = { files: 0, links: 0, others: 0, bytes: 0, unjudged: 0 };
  let head = 0;
  let nameless = 0;

  const take = (): Expected | undefined => {
    const next = queue[head];
    if (next === undefined) return undefined;
    head += 1;
    if (head > 1000 && head * 2 > queue.length) head -= queue.splice(0, head).length;
    if (waiting.get(next.path) === next) waiting.delete(next.path);
    return next;
  };
  const report = (expected: Expected, difference: string | undefined) => {
    if (expected.isReplaced) return;
    count(expected);
    if (difference === undefined) return;
    if (different.size < differencesKept) different.set(expected.path, difference);
    else nameless += 1;
  };
  const count = ({ kind, digest, sizeBytes }: Expected) => {
    if (kind === "hard link") counts.links += 1;
    else if (kind !== "file") counts.others += 1;
    else if (digest === undefined) counts.unjudged += 1;
    else {
      counts.files += 1;
      counts.bytes += sizeBytes;
    }
  };
  return {
    expect: (member) => {
      const earlier = waiting.get(member.path);
      if (earlier !== undefined) earlier.isReplaced = true;
      different.delete(member.path);
      const expected = { ...member, isReplaced: false };
      waiting.set(member.path, expected);
      queue.push(expected);
    },
    find: (member) => {
      for (let next = take(); next !== undefined; next = take()) {
        if (next.path !== member.path) {
          report(next, "was not restored");
          continue;
        }
        // tar was asked for it before, since the archive has the name twice.
        if (isLinkToItself(member)) counts.unjudged += 1;
        else report(next, compare(next, member));
        return;
      }
    },
    end: () => {
      for (let next = take(); next !== undefined; next = take()) report(next, "was not restored");
      const lines = [...different].map(([path, difference]) => `"${showName(path)}" ${difference}`);
      const rest = lines.length + nameless - problemsShown;
      const more = rest > 0 ? [`and ${rest} more are not what the archive has`] : [];
      return { ...counts, problems: [...lines.slice(0, problemsShown), ...more] };
    },
  };
}

function isLinkToItself({ kind, linkName, path }: DigestedMember): boolean {
  return kind === "hard link" && linkName === path;
}

function compare(expected: DigestedMember, found: DigestedMember): string | undefined {
  if (expected.kind !== found.kind) return `is a ${found.kind}, in the archive it is a ${expected.kind}`;
  if (expected.linkName !== found.linkName)
    return `leads to "${showName(found.linkName)}", in the archive to "${showName(expected.linkName)}"`;
  if (expected.kind !== "file" || expected.digest === undefined || expected.digest === found.digest)
    return undefined;
  return expected.sizeBytes === found.sizeBytes
    ? "has another content than in the archive"
    : `has ${found.sizeBytes} bytes, ${expected.sizeBytes} in the archive`;
}
