/**
 * A further copy of an archive, written in the same pass by a process of its own.
 *
 * A destination that hangs or fills up hurts its own copy alone: dd writes it, and dd can be given up, while a write in
 * this process that never returns could not.
 */
import { startChildSink } from "#lib/tools/child-sink.ts";
import { writeCommand } from "#lib/tools/write-command.ts";

export interface CopyWriter {
  readonly path: string;
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  /** Waits until the copy is on the medium; the problem in dd's words if it is not. */
  readonly finish: () => Promise<string | undefined>;
  readonly kill: () => Promise<boolean>;
}

/** Never overwrites, never follows a symlink at `path`. */
export function startCopy(path: string, env: Readonly<Record<string, string>>): CopyWriter {
  const sink = startChildSink({ command: writeCommand(path), env });
  const finish = async (): Promise<string | undefined> => {
    const end = await sink.finish();
    if (end.exitCode === 0) return undefined;
    return end.stderr.split("\n")[0] || `dd ended with ${end.exitCode ?? "a signal"}`;
  };
  return { path, write: sink.write, finish, kill: sink.kill };
}
