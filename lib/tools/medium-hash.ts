/**
 * Hash a file as the medium holds it.
 *
 * A read through the page cache proves the pipeline, not the disk: it returns what was just written from memory. Direct
 * I/O writes dirty pages back and reads the device. Where a file system has none (tmpfs of old kernels, some FUSE), the
 * cache is asked to drop the file first, and the result says so.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { endProcessGroup } from "#lib/tools/process-group.ts";

export interface MediumHash {
  readonly sha256: string;
  readonly bytes: number;
  /** "cache": the medium may not have been asked. */
  readonly how: "medium" | "cache";
}

export interface MediumHashRequest {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  /** Without a byte for this long the read is given up. */
  readonly stallMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Hash the file at `path`. Rejects with an Error that holds dd's words when it cannot be read to its end. */
export async function hashMedium(request: MediumHashRequest): Promise<MediumHash> {
  const direct = await readAndHash(request, ["iflag=direct,fullblock"]);
  if (direct.problem === undefined) return { sha256: direct.sha256, bytes: direct.bytes, how: "medium" };
  if (direct.bytes > 0 || !direct.problem.includes("Invalid argument")) throw new Error(direct.problem);
  const cached = await readAndHash(request, ["iflag=nocache,fullblock"]);
  if (cached.problem !== undefined) throw new Error(cached.problem);
  return { sha256: cached.sha256, bytes: cached.bytes, how: "cache" };
}

interface ReadResult {
  readonly sha256: string;
  readonly bytes: number;
  readonly problem: string | undefined;
}

async function readAndHash(request: MediumHashRequest, flags: readonly string[]): Promise<ReadResult> {
  request.signal?.throwIfAborted();
  const child = spawn("dd", [`if=${request.path}`, "bs=4M", "status=none", ...flags], {
    detached: true,
    env: { ...request.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const hash = createHash("sha256");
  let bytes = 0;
  let stderr = "";
  let problem: string | undefined;
  const giveUp = (reason: string) => {
    problem ??= reason;
    if (child.pid !== undefined)
      void endProcessGroup(child.pid).then((isGone) => isGone || child.emit("close"));
  };
  const stalled = () => giveUp(`Cannot read "${request.path}": no answer for ${request.stallMs / 1000} s`);
  let stall = setTimeout(stalled, request.stallMs);
  const onAbort = () => giveUp("aborted");
  request.signal?.addEventListener("abort", onAbort, { once: true });
  child.stdout.on("data", (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    clearTimeout(stall);
    stall = setTimeout(stalled, request.stallMs);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-4096);
  });
  const exitCode = await new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      problem = `Cannot run dd: ${error.message}`;
      resolve(null);
    });
    child.once("close", (code) => resolve(code ?? null));
  });
  clearTimeout(stall);
  request.signal?.removeEventListener("abort", onAbort);
  request.signal?.throwIfAborted();
  if (exitCode !== 0) problem ??= stderr.trim() || `dd ended with ${exitCode}`;
  return { sha256: hash.digest("hex"), bytes, problem };
}
