/**
 * Which members of an archive may be written below a directory. Pure.
 *
 * The archive may be anybody's work. Nothing that it holds leads out of the directory, nothing is written through a link of
 * its own, and it cannot be larger than it was said to be. What is left out, or made harmless, is named.
 */
import { Buffer } from "node:buffer";
import type { Verdict } from "#lib/core/tar-filter.ts";
import { TarFormatError } from "#lib/core/tar-header.ts";
import type { TarMember } from "#lib/core/tar-member.ts";

export interface JudgeRequest {
  /** Whether set-user-id bits and devices are wanted: in a set of this host, or by the word of its admin. */
  readonly isTrusted: boolean;
  /** More than this is a bomb. */
  readonly maxEntries: number;
  /** Only these and what lies below them, relative names; all when there are none. */
  readonly paths: readonly string[];
}

export interface NamedMember {
  readonly name: string;
  readonly reason: string;
}

export interface JudgedMembers {
  /** Members of the archive. */
  readonly entries: number;
  readonly kept: number;
  /** Left out; the first ones by name. */
  readonly refused: { readonly count: number; readonly members: readonly NamedMember[] };
  /** Written without what makes them dangerous. */
  readonly neutralised: { readonly count: number; readonly members: readonly NamedMember[] };
  /** Of `paths`, those of which the archive has nothing. */
  readonly missing: readonly string[];
}

export interface TarJudge {
  readonly judge: (member: TarMember) => Verdict;
  readonly result: () => JudgedMembers;
}

const namesKept = 100;
const longestName = 4095;
const longestPart = 255;
const setIdBits = 0o6000;

export function createTarJudge(request: JudgeRequest): TarJudge {
  const wanted = request.paths.map((path) => toBytes(normalise(path)));
  const found = new Set<string>();
  /** Names that are links now, whatever they were before. */
  const links = new Set<string>();
  const leftOut = new Set<string>();
  const refused = createList();
  const neutralised = createList();
  let entries = 0;
  let kept = 0;

  const isBelowLink = (path: string) => parentsOf(path).some((parent) => links.has(parent));

  const whyNot = (member: TarMember, path: string): string | undefined => {
    const shape =
      checkName(member.name) ?? (path === "" && member.kind !== "directory" ? "it has no name" : undefined);
    if (shape !== undefined) return shape;
    if (isBelowLink(path) || links.has(path)) return "it would be written through a link of the archive";
    if (member.kind === "other") return "it is of no known kind";
    if (member.kind === "device" && !request.isTrusted) return "it is a device";
    if (member.kind === "symlink" && member.linkName === "") return "it leads nowhere";
    return member.kind === "hard link" ? whyNoLink(normalise(member.linkName), member.linkName) : undefined;
  };

  const whyNoLink = (target: string, linkName: string): string | undefined => {
    if (checkName(linkName) !== undefined || target === "")
      return "it is a hard link that leads out of the archive";
    if (isBelowLink(target)) return "it is a hard link through a link of the archive";
    if (leftOut.has(target)) return "it is a hard link to what was left out";
    if (isWanted(target, wanted) === "no")
      return `it is a hard link to "${showName(target)}": ask for that as well`;
    return undefined;
  };

  return {
    judge: (member) => {
      entries += 1;
      if (entries > request.maxEntries) {
        throw new TarFormatError(`it has more than the ${request.maxEntries} members that it should have`);
      }
      const path = normalise(member.name);
      const wish = isWanted(path, wanted);
      if (wish === "no") return { keep: false };
      if (wish === "leads" && member.kind !== "directory") return { keep: false };
      const reason = whyNot(member, path);
      if (reason !== undefined) {
        leftOut.add(path);
        refused.add(member.name, reason);
        return { keep: false };
      }
      if (wish !== "leads") for (const one of wanted) if (isAtOrBelow(path, one)) found.add(one);
      kept += 1;
      if (
        member.kind === "symlink" ||
        (member.kind === "hard link" && links.has(normalise(member.linkName)))
      ) {
        links.add(path);
      }
      const isSetId = member.kind === "file" && (member.mode & setIdBits) !== 0;
      if (!isSetId || request.isTrusted) return { keep: true };
      neutralised.add(member.name, "without its set-user-id or set-group-id bit");
      return { keep: true, mode: member.mode & ~setIdBits };
    },
    result: () => ({
      entries,
      kept,
      refused: refused.list(),
      neutralised: neutralised.list(),
      missing: wanted.filter((path) => !found.has(path)).map(showName),
    }),
  };
}

function createList() {
  const members: NamedMember[] = [];
  let count = 0;
  return {
    add: (name: string, reason: string) => {
      count += 1;
      if (members.length < namesKept) members.push({ name: showName(name), reason });
    },
    list: () => ({ count, members }),
  };
}

/** Whether a member is asked for, leads to one that is, or neither. */
function isWanted(path: string, wanted: readonly string[]): "yes" | "leads" | "no" {
  if (wanted.length === 0 || wanted.some((one) => isAtOrBelow(path, one))) return "yes";
  return wanted.some((one) => path === "" || one.startsWith(`${path}/`)) ? "leads" : "no";
}

function isAtOrBelow(path: string, above: string): boolean {
  return above === "" || path === above || path.startsWith(`${above}/`);
}

/** What is wrong with a name. */
function checkName(name: string): string | undefined {
  if (name === "") return "it has no name";
  if (name.startsWith("/")) return "its name is absolute";
  const parts = name.split("/");
  if (parts.includes("..")) return "its name leads out";
  if (name.includes("\0")) return "its name holds a NUL";
  if (name.length > longestName || parts.some((part) => part.length > longestPart))
    return "its name is too long";
  return undefined;
}

/** `./a//b/` is `a/b`; the archive's own directory is the empty path. */
export function normalise(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) parents.push(path.slice(0, at));
  return parents;
}

function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** A name for people: on one line, whatever it holds. */
export function showName(name: string): string {
  const text = Buffer.from(name, "latin1").toString("utf8");
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
}
