/**
 * Decompress an archive and list every entry.
 *
 * tar lists to a pipe, never to /dev/null: with that as its output GNU tar skips the reading. What the list proves: the
 * compressor's own checksums hold to the last byte, and the tar stream is whole.
 */
import { runStreaming } from "#lib/tools/run-streaming.ts";

// The exits stand in a line of their own, after whatever the programs said on stderr.
const listStages =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands these
  '"${@:2}" <"$1" | tar --list --quoting-style=escape --file=-; printf "\\nstatus %s\\n" "${PIPESTATUS[*]}" >&2';
const listPlain = 'tar --list --quoting-style=escape --file=- <"$1"; printf "\\nstatus 0 %s\\n" "$?" >&2';

export interface Listing {
  readonly entries: number;
  /** Why the archive is not whole; undefined when it is. */
  readonly problem: string | undefined;
}

export interface ListRequest {
  readonly path: string;
  readonly decompress: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Without an entry for this long the listing is given up. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

export async function listArchive({ path, decompress, ...limits }: ListRequest): Promise<Listing> {
  let entries = 0;
  const script = decompress === undefined ? listPlain : listStages;
  const end = await runStreaming({
    command: ["/bin/bash", "--norc", "--noprofile", "-c", script, "list", path, ...(decompress ?? [])],
    ...limits,
    onStdout: (chunk) => {
      for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) entries += 1;
    },
  });
  if (end.isStalled) return { entries, problem: `no entry for ${limits.stallMs / 1000} s` };
  const status = /^status (\d+) (\d+)$/m.exec(end.stderr);
  const words = end.stderr.replace(/^status .*$/m, "").trim();
  const isWhole = status?.[1] === "0" && status[2] === "0";
  return { entries, problem: isWhole ? undefined : words || "the listing was cut short" };
}
