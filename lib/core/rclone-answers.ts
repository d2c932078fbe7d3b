/** The JSON in which rclone answers. What is not whole is undefined, never less. */
import { z } from "zod";

const entrySchema = z.object({
  Path: z.string(),
  Name: z.string(),
  Size: z.number(),
  ModTime: z.string(),
  IsDir: z.boolean(),
});

export type RcloneEntry = Readonly<z.infer<typeof entrySchema>>;

const featuresSchema = z.object({
  Features: z.object({ BucketBased: z.boolean(), DirMove: z.boolean(), ListR: z.boolean() }),
});

export interface RcloneFeatures {
  /** A directory is renamed at once. Elsewhere its files are, one after the other. */
  readonly renamesDirectories: boolean;
  /**
   * Directories are what they are in a file system: their time changes when a file in them comes or goes. Object stores
   * have none, and what lists a whole tree at once often has a time of its own for them.
   */
  readonly timesDirectories: boolean;
}

const progressSchema = z.object({ stats: z.object({ bytes: z.number() }) });

/** Of `rclone lsjson`. */
export function parseEntries(answer: string): readonly RcloneEntry[] | undefined {
  return z.array(entrySchema).safeParse(parseJson(answer)).data;
}

/** Of `rclone lsjson --stat`. */
export function parseStat(answer: string): { readonly isDirectory: boolean } | undefined {
  const stat = z.object({ IsDir: z.boolean() }).safeParse(parseJson(answer)).data;
  return stat === undefined ? undefined : { isDirectory: stat.IsDir };
}

/** Of `rclone backend features`. */
export function parseFeatures(answer: string): RcloneFeatures | undefined {
  const features = featuresSchema.safeParse(parseJson(answer)).data?.Features;
  if (features === undefined) return undefined;
  const { BucketBased, DirMove, ListR } = features;
  return { renamesDirectories: DirMove, timesDirectories: DirMove && !BucketBased && !ListR };
}

/** Bytes transferred so far, of a line of rclone's log in JSON; undefined when it says something else. */
export function parseProgress(line: string): number | undefined {
  return progressSchema.safeParse(parseJson(line)).data?.stats.bytes;
}

/** SHA-256 of the one file that `rclone hashsum` was asked for. */
export function parseHash(answer: string): string | undefined {
  return /^([0-9a-f]{64})\b/m.exec(answer)?.[1];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
