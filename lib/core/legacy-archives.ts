/** Archives that legacy scripts left, known by their names alone: they have no manifest. Pure. */
import { type CompressionKind, compressionOf } from "#lib/core/decompression.ts";

export interface LegacyFile {
  /** Below the place where they were looked for. */
  readonly path: string;
  readonly sizeBytes: number;
}

export interface LegacyArchive extends LegacyFile {
  /** Of a stack; `backup` where one archive holds everything. */
  readonly name: string;
  readonly compression: CompressionKind;
  /** The file that holds its SHA-256, if there is one. */
  readonly sumFile: string | undefined;
}

export interface LegacySet {
  readonly kind: "docker-stacks" | "app-backup";
  /** `20251104_202639`, local time of the host that made it. */
  readonly stamp: string;
  readonly host: string | undefined;
  /** Directory of its archives. */
  readonly path: string;
  readonly archives: readonly LegacyArchive[];
}

const stack = /^(?:(.*)\/)?(\d{8}_\d{6})\/([^/]+?)\.tar(?:\.(?:gz|bz2|xz|zst))?$/;
const whole = /^(?:(.*)\/)?[^/]*backup-(\d{8}_\d{6})\.tar\.gz$/;

/** Newest first. */
export function findLegacySets(files: readonly LegacyFile[]): LegacySet[] {
  const names = new Set(files.map(({ path }) => path));
  const sets = new Map<string, LegacySet>();
  const add = (key: string, set: Omit<LegacySet, "archives">, name: string, file: LegacyFile) => {
    const sum = `${file.path}.sha256`;
    const archive = {
      ...file,
      name,
      compression: compressionOf(file.path),
      sumFile: names.has(sum) ? sum : undefined,
    };
    sets.set(key, { ...set, archives: [...(sets.get(key)?.archives ?? []), archive] });
  };
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const [, above = "", stamp, name] = stack.exec(file.path) ?? [];
    if (stamp !== undefined && name !== undefined) {
      const path = above === "" ? stamp : `${above}/${stamp}`;
      const host = above.split("/").at(-1) || undefined;
      add(`stacks ${path}`, { kind: "docker-stacks", stamp, host, path }, name, file);
      continue;
    }
    const [, directory = "", taken] = whole.exec(file.path) ?? [];
    if (taken === undefined) continue;
    add(
      `app ${file.path}`,
      { kind: "app-backup", stamp: taken, host: undefined, path: directory },
      "backup",
      file,
    );
  }
  return [...sets.values()].toSorted((a, b) => b.stamp.localeCompare(a.stamp));
}

/** The hash in a `.sha256` file; the name beside it may be an absolute path on another host and says nothing. */
export function readLegacySum(text: string): string | undefined {
  return /^\\?([0-9a-f]{64})\b/i.exec(text.trim())?.[1]?.toLowerCase();
}
