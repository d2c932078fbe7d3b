import { findHasher, hashCached, hashMedium, type MediumHashRequest } from "#lib/tools/medium-hash.ts";

export { findHasher, hashCached };

export interface VerifiedFile {
  /** Why the file is not what was written; undefined when it is. */
  readonly problem: string | undefined;
  readonly how: "medium" | "cache";
}

/** Read a file back, from its medium unless `hash` does otherwise, and compare it with the hash of what was written. */
export async function verifyFile(
  sha256: string,
  request: MediumHashRequest,
  hash = hashMedium,
): Promise<VerifiedFile> {
  try {
    const found = await hash(request);
    const problem =
      found.sha256 === sha256 ? undefined : "it reads back with another SHA-256 than was written";
    return { how: found.how, problem };
  } catch (error) {
    request.signal.throwIfAborted();
    return { how: "cache", problem: error instanceof Error ? error.message : String(error) };
  }
}
