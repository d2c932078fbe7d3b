/** Archives whose makers meant harm, and what must become of each. Every one tries to touch `victim` or more than it may. */
import { archive, end, entry, long, pax, sealed } from "#test/support/tar-builder.ts";

export interface HostileArchive {
  readonly name: string;
  readonly bytes: Buffer;
  /** Words of the refusal of the whole archive, or of the members that are left out or changed. */
  readonly whole?: string;
  readonly refused?: readonly string[];
  readonly neutralised?: readonly string[];
}

const evil = { content: "evil\n" };
const dir = (name: string) => entry(name, { type: "5", mode: "0000755" });
const symlink = (name: string, linkName: string) => entry(name, { type: "2", linkName });
const hardLink = (name: string, linkName: string) => entry(name, { type: "1", linkName });
const good = entry("good", { content: "good\n" });

/** `victim`: absolute path of a file outside that must stay as it is; below the same parent as the extraction. */
export function hostileArchives(victim: string): readonly HostileArchive[] {
  const parent = victim.slice(0, victim.lastIndexOf("/"));
  const file = victim.slice(parent.length + 1);
  return [
    {
      name: "an absolute name",
      bytes: archive(entry(victim, evil), good),
      refused: ["its name is absolute"],
    },
    {
      name: "a name with ..",
      bytes: archive(entry(`../${file}`, evil), good),
      refused: ["its name leads out"],
    },
    {
      name: "a name with .. in its middle",
      bytes: archive(dir("a/"), entry(`a/../../${file}`, evil), good),
      refused: ["its name leads out"],
    },
    { name: "a name that ends with ..", bytes: archive(dir("a/.."), good), refused: ["its name leads out"] },
    {
      name: "an absolute prefix",
      bytes: archive(entry(file, { ...evil, prefix: parent }), good),
      refused: ["its name is absolute"],
    },
    {
      name: "an absolute long name",
      bytes: archive(long("L", victim), entry("x", evil), good),
      refused: ["its name is absolute"],
    },
    {
      name: "an absolute pax path",
      bytes: archive(pax([["path", victim]]), entry("x", evil), good),
      refused: ["its name is absolute"],
    },
    {
      name: "an absolute name of a sparse file",
      bytes: archive(
        pax([
          ["GNU.sparse.name", victim],
          ["GNU.sparse.major", "1"],
          ["GNU.sparse.minor", "0"],
        ]),
        entry("x", evil),
        good,
      ),
      refused: ["its name is absolute"],
    },
    {
      name: "a global path",
      bytes: archive(pax([["path", victim]], "g"), entry("x", evil)),
      whole: 'a header sets "path" for all members',
    },
    {
      name: "a symlink and a file through it",
      bytes: archive(symlink("a", parent), entry(`a/${file}`, evil), good),
      refused: ["through a link"],
    },
    {
      name: "a relative symlink and a file through it",
      bytes: archive(symlink("a", ".."), entry(`a/${file}`, evil), good),
      refused: ["through a link"],
    },
    {
      name: "a symlink through a symlink",
      bytes: archive(symlink("a", "b"), symlink("b", parent), entry(`a/${file}`, evil), good),
      refused: ["through a link"],
    },
    {
      name: "a file in the place of a symlink",
      bytes: archive(symlink("a", victim), entry("a", evil), good),
      refused: ["through a link"],
    },
    {
      name: "a directory in the place of a symlink",
      bytes: archive(symlink("a", parent), dir("a"), entry(`a/${file}`, evil), good),
      refused: ["through a link", "through a link"],
    },
    {
      name: "a symlink by another spelling",
      bytes: archive(symlink("./a/.//b", parent), entry(`a/b/${file}`, evil), good),
      refused: ["through a link"],
    },
    {
      name: "a hard link to a file outside",
      bytes: archive(hardLink("a", victim), entry("a", evil)),
      refused: ["leads out of the archive"],
    },
    {
      name: "a hard link with .. to a file outside",
      bytes: archive(hardLink("a", `../${file}`), good),
      refused: ["leads out of the archive"],
    },
    {
      name: "a hard link through a symlink",
      bytes: archive(symlink("a", parent), hardLink("b", `a/${file}`), good),
      refused: ["through a link"],
    },
    {
      name: "a hard link to a symlink and a file through it",
      bytes: archive(symlink("a", parent), hardLink("b", "a"), entry(`b/${file}`, evil), good),
      refused: ["through a link"],
    },
    {
      name: "a long link to a file outside",
      bytes: archive(long("K", victim), hardLink("a", "x"), good),
      refused: ["leads out of the archive"],
    },
    {
      name: "a pax link to a file outside",
      bytes: archive(pax([["linkpath", victim]]), hardLink("a", "x"), good),
      refused: ["leads out of the archive"],
    },
    {
      name: "a block device",
      bytes: archive(entry("sda", { type: "4", mode: "0000666" }), good),
      refused: ["it is a device"],
    },
    {
      name: "a character device",
      bytes: archive(entry("mem", { type: "3", mode: "0000666" }), good),
      refused: ["it is a device"],
    },
    {
      name: "a set-user-id program",
      bytes: archive(entry("sh", { ...evil, mode: "0004755" }), good),
      neutralised: ["set-user-id"],
    },
    {
      name: "a set-group-id program",
      bytes: archive(entry("sh", { ...evil, mode: "0002755" }), good),
      neutralised: ["set-group-id"],
    },
    {
      name: "a member of no known kind",
      bytes: archive(entry("x", { ...evil, type: "Q" }), good),
      refused: ["no known kind"],
    },
    {
      name: "a dump directory, which renames for tar",
      bytes: archive(entry("x", { type: "D", content: `R${victim}\0T${victim}.moved\0\0` }), good),
      refused: ["no known kind"],
    },
    {
      name: "a name of 300 characters in a part",
      bytes: archive(long("L", "a".repeat(300)), entry("x", evil), good),
      refused: ["too long"],
    },
    {
      name: "a name twice",
      bytes: archive(long("L", "a"), pax([["path", victim]]), entry("x", evil)),
      whole: "its name twice",
    },
    {
      name: "a path twice in one header",
      bytes: archive(
        pax([
          ["path", "good"],
          ["path", victim],
        ]),
        entry("x", evil),
      ),
      whole: "its path twice",
    },
    {
      name: "two pax headers for one member",
      bytes: archive(pax([["path", "good"]]), pax([["path", victim]]), entry("x", evil)),
      whole: "a header twice",
    },
    {
      name: "a hard link with content that hides a member",
      bytes: archive(
        entry("a", { type: "1", linkName: "good", content: entry(victim, evil).toString("latin1") }),
      ),
      whole: "a hard link has content",
    },
    {
      name: "a directory with content that hides a member",
      bytes: archive(entry("a", { type: "5", content: entry(victim, evil).toString("latin1") })),
      whole: "a directory has content",
    },
    {
      name: "a size that is no number",
      bytes: archive(entry("a", { content: "x", size: "0000000001x" })),
      whole: "no valid size",
    },
    { name: "a negative size", bytes: archive(negativeSize()), whole: "no valid size" },
    {
      name: "a size beyond everything",
      bytes: archive(pax([["size", "99999999999999999999"]]), entry("a", evil)),
      whole: "no valid size",
    },
    {
      name: "a damaged header with another behind it",
      bytes: archive(damaged(), entry(victim, evil)),
      whole: "a header is damaged",
    },
    {
      name: "members behind the end",
      bytes: Buffer.concat([good, end, entry(victim, evil), end]),
      whole: "behind its end",
    },
    {
      name: "members behind a lone block of zeros",
      bytes: Buffer.concat([good, end.subarray(512), entry(victim, evil), end]),
      whole: "goes on behind its end",
    },
    {
      name: "more members than it should have",
      bytes: archive(...Array.from({ length: 60 }, (_, index) => entry(`file-${index}`))),
      whole: "more than the 50 members",
    },
    {
      name: "more bytes than it should have",
      bytes: archive(entry("big", { content: "x".repeat(300_000) })),
      whole: "more than the 256 KiB",
    },
    {
      name: "an extended header of 5 MiB",
      bytes: Buffer.concat([
        entry("x", { type: "x", size: (5 * 2 ** 20).toString(8).padStart(11, "0") }),
        Buffer.alloc(1000),
      ]),
      whole: "no valid size",
    },
    {
      name: "a member cut short",
      bytes: entry("a", { content: "x".repeat(5000) }).subarray(0, 2048),
      whole: "cut short",
    },
    {
      name: "something else than an archive",
      bytes: Buffer.from("#!/bin/sh\nrm -rf /\n".repeat(200)),
      whole: "no valid checksum",
    },
  ];
}

function negativeSize(): Buffer {
  const header = entry("a");
  header.fill(0xff, 124, 136);
  return sealed(header);
}

function damaged(): Buffer {
  const header = entry("a", evil);
  header[0] = 0x62;
  return header;
}
