/** The command that writes a store's file to its standard output, whatever kind of store it is. */
import { checkRemotePath } from "#lib/core/remote-path.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { wrapForSsh } from "#lib/stores/ssh-shell.ts";

type Command = readonly [string, ...string[]];

/** Stands on a line of its own before the first byte: a login shell may print something of its own before. */
export const beginLine = "lastgood-begin";

const script =
  'LC_ALL=C; export LC_ALL; unset CDPATH; cd -- "$1" && [ -f "./$2" ] || { echo "no such file: $2" >&2; exit 1; }; ' +
  `echo ${beginLine}; exec tail -c "+$3" -- "./$2"`;

/** From byte `offset` on. */
export function readCommand(target: StoreTarget, path: string, offset: number): Command {
  const { address, rcloneConfig, stallMs } = target;
  const file = checkRemotePath(path);
  if (address.kind === "rclone") {
    const base = address.remote;
    const config = rcloneConfig === undefined ? [] : [`--config=${rcloneConfig}`];
    const idle = `--timeout=${Math.max(1, Math.round(stallMs / 1000))}s`;
    const patience = ["--retries=1", "--low-level-retries=3", "--contimeout=15s", "--ask-password=false"];
    const from = `${base}${/[:/]$/.test(base) ? "" : "/"}${file}`;
    const say = `echo ${beginLine}; exec "$@"`;
    return ["sh", "-c", say, "sh", "rclone", "cat", ...config, ...patience, idle, `--offset=${offset}`, from];
  }
  const base = address.path.startsWith("/") ? address.path : `./${address.path}`;
  const words: Command = ["sh", "-c", script, "lastgood", base, file, String(offset + 1)];
  return address.kind === "ssh" ? wrapForSsh({ ...target, address }, words) : words;
}
