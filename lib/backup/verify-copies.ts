/** Every copy of a set read back from its medium, all copies at once. */
import { join } from "node:path";
import { findHasher, verifyFile } from "#lib/archive/verify-file.ts";
import type { WrittenCopy } from "#lib/archive/write-archive.ts";
import type { SetCopy } from "#lib/backup/destinations.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Component } from "#lib/core/manifest.ts";
import type { RunContext } from "#lib/core/run-context.ts";

export interface VerifiedCopies {
  readonly copies: readonly WrittenCopy[];
  /** "cache" when any file could only be read through the page cache. */
  readonly how: "medium" | "cache";
}

export async function verifyCopies(
  context: RunContext<Settings>,
  copies: readonly SetCopy[],
  components: readonly Component[],
): Promise<VerifiedCopies> {
  const { childEnvironment: env, settings, signal, log } = context;
  const hasher = await findHasher(context.deps.exec, signal);
  const limits = { hasher, env, stallMs: settings.STALL_TIMEOUT, signal };
  const verified = await Promise.all(
    copies.map(async ({ directory }) => {
      const files = await Promise.all(
        components.map(async ({ file, sha256 }) => ({
          file,
          ...(await verifyFile(sha256, { path: join(directory, file), ...limits })),
        })),
      );
      const bad = files.find((each) => each.problem !== undefined);
      const problem = bad === undefined ? undefined : `${bad.file}: ${bad.problem}`;
      return { directory, problem, isFromMedium: files.every((each) => each.how === "medium") };
    }),
  );
  const how = verified.every((each) => each.isFromMedium) ? "medium" : "cache";
  log.info(
    "set.verified",
    `Read back ${copies.length} ${copies.length === 1 ? "copy" : "copies"} from the ${how}`,
  );
  return { copies: verified, how };
}
