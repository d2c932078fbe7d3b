/** Which program reads a compressed file, for our components and for archives of other scripts. */

export type CompressionKind = "none" | "zstd" | "gzip" | "xz" | "bzip2";

const programs: Readonly<Record<CompressionKind, readonly [string, ...string[]]>> = {
  none: ["cat"],
  zstd: ["zstd", "-q", "-d", "-c"],
  gzip: ["gzip", "-d", "-c"],
  xz: ["xz", "-q", "-d", "-c"],
  bzip2: ["bzip2", "-d", "-c"],
};

/** The command that decompresses the file at `path`, on its standard input, so that its name's ending means nothing. */
export function decompressFile(path: string, kind: CompressionKind): readonly [string, ...string[]] {
  return ["sh", "-c", 'exec "$@" <"$0"', path, ...programs[kind]];
}

/** By the ending of a file's name. */
export function compressionOf(fileName: string): CompressionKind {
  if (/\.(?:zst|tzst)$/.test(fileName)) return "zstd";
  if (/\.(?:gz|tgz)$/.test(fileName)) return "gzip";
  if (/\.(?:xz|txz)$/.test(fileName)) return "xz";
  return /\.(?:bz2|tbz2)$/.test(fileName) ? "bzip2" : "none";
}
