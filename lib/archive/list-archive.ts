/**
 * Decompress an archive and list every entry, while it is being written or read.
 *
 * tar lists to a pipe, never to /dev/null: with that as its output GNU tar skips the reading. What the list proves: the
 * compressor's own checksums hold to the last byte, and the tar stream is whole.
 */
import { startChildSink } from "#lib/tools/child-sink.ts";

// Both exits, in a line of their own after whatever the programs said on stderr.
const listStages =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands these
  '"$@" | tar --list --quoting-style=escape --file=-; printf "\\nstatus %s\\n" "${PIPESTATUS[*]}" >&2';
const listPlain = 'tar --list --quoting-style=escape --file=-; printf "\\nstatus 0 %s\\n" "$?" >&2';

export interface Listing {
  readonly entries: number;
  /** Why the archive is not whole; undefined when it is. */
  readonly problem: string | undefined;
}

export interface ArchiveLister {
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  readonly finish: () => Promise<Listing>;
  readonly kill: () => Promise<boolean>;
}

export function startLister(
  decompress: readonly string[] | undefined,
  env: Readonly<Record<string, string>>,
): ArchiveLister {
  let entries = 0;
  const script = decompress === undefined ? listPlain : listStages;
  const sink = startChildSink({
    command: ["/bin/bash", "--norc", "--noprofile", "-c", script, "list", ...(decompress ?? [])],
    env,
    onStdout: (chunk) => {
      for (const byte of chunk) if (byte === 0x0a) entries += 1;
    },
  });
  const finish = async (): Promise<Listing> => {
    const end = await sink.finish();
    const status = /^status (\d+) (\d+)$/m.exec(end.stderr);
    const words = end.stderr.replace(/^status .*$/m, "").trim();
    const isWhole = status?.[1] === "0" && status[2] === "0";
    return { entries, problem: isWhole ? undefined : words || "the listing was cut short" };
  };
  return { write: sink.write, finish, kill: sink.kill };
}
