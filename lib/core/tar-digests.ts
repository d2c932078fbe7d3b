/** The members of an archive, each with a digest of its content, as its bytes pass by. Pure. */
import { createContentDigest } from "#lib/core/content-digest.ts";
import { createSparseContent, type SparseContent } from "#lib/core/sparse-content.ts";
import { createTarFilter, type Verdict } from "#lib/core/tar-filter.ts";
import { normalise } from "#lib/core/tar-judge.ts";
import type { TarMember } from "#lib/core/tar-member.ts";

export interface DigestedMember {
  readonly kind: TarMember["kind"];
  /** Bytes, each a Latin-1 character, without what means nothing in a name. */
  readonly path: string;
  /** Where a symlink leads, word by word; for a hard link the path that it is another name of. */
  readonly linkName: string;
  readonly sizeBytes: number;
  /** Of a file's content; undefined where it is stored in a way that GNU tar has not used since 2006. */
  readonly digest: string | undefined;
}

export interface TarDigests {
  /** Throws TarFormatError. */
  readonly push: (chunk: Uint8Array) => void;
  /** Throws TarFormatError unless the archive is at its end. */
  readonly end: () => void;
}

/** `onMember` gets what `judge` keeps, in the archive's order, each as soon as all of it has been read. */
export function createTarDigests(
  judge: (member: TarMember) => Verdict,
  onMember: (member: DigestedMember) => void,
): TarDigests {
  const digest = createContentDigest();
  let current: TarMember | undefined;
  let sparse: SparseContent | undefined;

  const finish = () => {
    if (current === undefined) return;
    const { kind, name, linkName, holes } = current;
    current = undefined;
    sparse?.end();
    const { digest: content, sizeBytes } = digest.end();
    const isReadable = kind === "file" && (holes === undefined || sparse !== undefined);
    onMember({
      kind,
      path: normalise(name),
      linkName: kind === "hard link" ? normalise(linkName) : linkName,
      sizeBytes,
      digest: isReadable ? content : undefined,
    });
  };
  const begin = (member: TarMember) => {
    current = member;
    digest.begin();
    const size = member.holes?.realSizeBytes;
    sparse = size === undefined ? undefined : createSparseContent(digest, size);
  };
  const filter = createTarFilter(
    (member) => {
      finish();
      const verdict = judge(member);
      if (verdict.keep) begin(member);
      return verdict;
    },
    () => undefined,
    (bytes) => (sparse ?? digest).write(bytes),
  );
  return {
    push: filter.push,
    end: () => {
      filter.end();
      finish();
    },
  };
}
