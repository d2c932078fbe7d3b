import { hashMedium } from "#lib/tools/medium-hash.ts";

export interface ExpectedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface VerifiedFile {
  /** Why the file is not what was written; undefined when it is. */
  readonly problem: string | undefined;
  readonly how: "medium" | "cache";
}

interface VerifyLimits {
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/** Read a file back from its medium and compare it with what was hashed while it was written. */
export async function verifyFile(expected: ExpectedFile, limits: VerifyLimits): Promise<VerifiedFile> {
  try {
    const found = await hashMedium({ path: expected.path, ...limits });
    if (found.bytes !== expected.bytes) {
      return { how: found.how, problem: `it reads back as ${found.bytes} bytes, ${expected.bytes} were written` };
    }
    const problem = found.sha256 === expected.sha256 ? undefined : "it reads back with another SHA-256 than was written";
    return { how: found.how, problem };
  } catch (error) {
    limits.signal.throwIfAborted();
    return { how: "cache", problem: error instanceof Error ? error.message : String(error) };
  }
}
