/** Which programs compress and read back, and what a compressed component is called. */

export type CompressionMethod = "zstd" | "gzip" | "xz" | "none";

export interface Compression {
  readonly method: CompressionMethod;
  /** The method's own scale; undefined is the method's default. */
  readonly level: number | undefined;
  /** 0 is all cores. */
  readonly threads: number;
}

export interface Compressor {
  /** Reads stdin, writes stdout; undefined when nothing is compressed. */
  readonly compress: readonly string[] | undefined;
  readonly decompress: readonly string[] | undefined;
  /** With its dot, or empty. */
  readonly extension: string;
  /** As in the manifest: `tar+zstd` is `tar` and this. */
  readonly format: "zstd" | "gzip" | "xz" | undefined;
}

/**
 * The programs for a compression. pigz takes gzip's place where it is installed, since gzip has one core.
 *
 * zstd writes a checksum of the content into each frame by default, gzip a CRC-32, xz a CRC-64: reading back proves more
 * than that the file is long enough. Without compression only our SHA-256 does.
 */
export function chooseCompressor(compression: Compression, hasPigz: boolean): Compressor {
  const { method, level, threads } = compression;
  switch (method) {
    case "zstd":
      return {
        compress: ["zstd", "-q", "-c", `-T${threads}`, `-${level ?? 3}`],
        decompress: ["zstd", "-q", "-d", "-c"],
        extension: ".zst",
        format: "zstd",
      };
    case "gzip":
      return {
        compress: hasPigz
          ? ["pigz", "-n", "-c", ...(threads === 0 ? [] : ["-p", String(threads)]), `-${level ?? 6}`]
          : ["gzip", "-n", "-c", `-${level ?? 6}`],
        decompress: ["gzip", "-d", "-c"],
        extension: ".gz",
        format: "gzip",
      };
    case "xz":
      return {
        compress: ["xz", "-q", "-c", `-T${threads}`, `-${level ?? 6}`],
        decompress: ["xz", "-q", "-d", "-c"],
        extension: ".xz",
        format: "xz",
      };
    case "none":
      return { compress: undefined, decompress: undefined, extension: "", format: undefined };
  }
}
