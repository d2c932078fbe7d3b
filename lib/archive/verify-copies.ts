/** Every copy of a component read back from its medium, all of them at once. */
import { join } from "node:path";
import { verifyFile } from "#lib/archive/verify-file.ts";

export interface WrittenCopy {
  readonly directory: string;
  /** Why this copy is not whole; undefined when it is. */
  readonly problem: string | undefined;
}

export interface VerifiedCopies {
  readonly copies: readonly WrittenCopy[];
  /** "cache" when any of them could only be read through the page cache; undefined when none was read. */
  readonly readBack: "medium" | "cache" | undefined;
}

interface VerifyRequest {
  readonly fileName: string;
  /** Undefined: nothing is read back. */
  readonly hasher: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

/** Copies that are known not to be whole are passed on as they are. */
export async function verifyCopies(
  request: VerifyRequest,
  sha256: string,
  copies: readonly WrittenCopy[],
): Promise<VerifiedCopies> {
  const { hasher, fileName, env, stallMs, signal } = request;
  if (hasher === undefined) return { copies, readBack: undefined };
  const limits = { hasher, env, stallMs, signal };
  const verified = await Promise.all(
    copies.map(async ({ directory, problem }) => {
      if (problem !== undefined) return { copy: { directory, problem }, how: "medium" };
      const found = await verifyFile(sha256, { path: join(directory, fileName), ...limits });
      const words = found.problem === undefined ? undefined : `${fileName}: ${found.problem}`;
      return { copy: { directory, problem: words }, how: found.how };
    }),
  );
  return {
    copies: verified.map(({ copy }) => copy),
    readBack: verified.every(({ how }) => how === "medium") ? "medium" : "cache",
  };
}
