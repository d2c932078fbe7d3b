/**
 * A file of a store to this host, from where an earlier attempt was cut off.
 *
 * What arrives is written by dd, which says each second how far it is; no byte passes through here. Whether they are the right
 * ones the hash of the whole says.
 */
import { open, stat } from "node:fs/promises";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { rcloneReason } from "#lib/core/rclone-words.ts";
import { sshHint, sshReason } from "#lib/core/ssh-words.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { beginLine, readCommand } from "#lib/stores/read-command.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

export interface FetchRequest {
  readonly target: StoreTarget;
  /** Below the store's base. */
  readonly path: string;
  readonly localPath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** Bytes of the file that are here. */
  readonly onBytes: (bytes: number) => void;
}

// Words before the mark are a login shell's. dd's progress goes to stdout, where it is followed.
const receive =
  `"\${@:2}" | { while IFS= read -r line; do [ "$line" = ${beginLine} ] && break; done; ` +
  'exec dd of="$1" oflag=append,nofollow conv=notrunc,fsync bs=1M status=progress 2>&1; }; ' +
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands these
  '[ "${PIPESTATUS[*]}" = "0 0" ]';

/** Throws OpsError "failed" in the store's words; what has arrived stays for the next attempt. */
export async function fetchFile(request: FetchRequest): Promise<void> {
  const { target, path, localPath, env, stallMs, signal } = request;
  const offset = await prepare(localPath);
  let said = "";
  const end = await runStreaming({
    command: [
      ...(["/bin/bash", "--norc", "--noprofile", "-c", receive, "fetch", localPath] as const),
      ...readCommand(target, path, offset),
    ],
    env,
    stallMs,
    signal,
    onStdout: (chunk) => {
      said = (said + chunk.toString("latin1")).slice(-1024);
      const bytes = [...said.matchAll(/(\d+) bytes? /g)].at(-1)?.[1];
      if (bytes !== undefined) request.onBytes(offset + Number(bytes));
    },
  });
  if (end.exitCode === 0 && !end.isStalled) return;
  const words = `${end.stderr}\n${said
    .split(/[\r\n]+/)
    .filter((line) => line.startsWith("dd: "))
    .join("\n")}`;
  throw new OpsError(`Cannot fetch "${path}" from ${target.name}: ${reasonOf(end, words, target, stallMs)}`, {
    outcome: "failed",
    hint: sshHint(words) ?? "Try again: it goes on where it was cut off",
  });
}

/** The file's size, after it has been made. */
async function prepare(localPath: string): Promise<number> {
  try {
    await using file = await open(localPath, "ax", 0o600);
    return (await file.stat()).size;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return (await stat(localPath)).size;
  }
}

function reasonOf(
  end: { readonly isStalled: boolean; readonly exitCode: number | null },
  words: string,
  { address }: StoreTarget,
  stallMs: number,
): string {
  if (end.isStalled) return `nothing has come for ${stallMs / 1000} s`;
  if (/No space left|Disk quota/.test(words)) return "no space left here";
  const said = address.kind === "rclone" ? rcloneReason(words, end.exitCode) : sshReason(words);
  return said || `it ended with ${end.exitCode ?? "a signal"}`;
}
