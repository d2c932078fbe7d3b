/**
 * The command that writes its standard input to a new file at `path`, until it is on the medium. Never overwrites, never
 * follows a symlink there; its exit and its words are dd's.
 *
 * `cat` takes the bytes, since dd cannot be killed while it waits for a dead file system, and a pipe that dd held would stay
 * full: what Bun has begun to write into a pipe keeps it from ending, whatever is destroyed. cat can be killed.
 */
export function writeCommand(path: string): readonly [string, ...string[]] {
  const flags = ["bs=1M", "iflag=fullblock", "oflag=nofollow", "conv=excl,fsync", "status=none"];
  return ["/bin/sh", "-c", 'cat | exec dd "$@"', "write", `of=${path}`, ...flags];
}
