/** Commands in containers: what they are given there, and what ends them. */
type Command = readonly [string, ...string[]];

/** A short question in a container. */
export function commandInContainer(id: string, command: readonly string[]): Command {
  return ["docker", "exec", "--interactive", id, ...command];
}

/** A file of ours that a command in a container needs, and what stands for its path in that command. */
interface HandedFile {
  readonly path: string;
  readonly marker: string;
}

/**
 * A command in a container that ends when this side of it does: docker lets go of what it has started, and a dump would go on
 * for hours behind a run that was killed. What tells it is the end of its standard input, which is held open here.
 *
 * By the same way comes the file, first its size: into one that only its user can read there, and which goes with the command.
 * Nothing of it is in any argument list.
 */
export function commandOnLifeline(
  id: string,
  handed: HandedFile | undefined,
  command: readonly string[],
): Command {
  const { path, marker } = handed ?? { path: "", marker: "" };
  const words = commandInContainer(id, ["sh", "-c", inContainer, "sh", marker, ...command]);
  return ["/bin/bash", "--norc", "--noprofile", "-c", onThisSide, path, ...words];
}

/**
 * A command in a container that reads our standard input, which is its lifeline as well: it ends with this side. The file goes
 * ahead of it.
 */
export function commandWithInput(
  id: string,
  handed: HandedFile | undefined,
  command: readonly string[],
): Command {
  if (handed === undefined) return commandInContainer(id, command);
  const { path, marker } = handed;
  const words = commandInContainer(id, ["sh", "-c", inContainerWithInput, "sh", marker, ...command]);
  return ["/bin/bash", "--norc", "--noprofile", "-c", onThisSideWithInput, path, ...words];
}

const onThisSide =
  'exec 3< <(if [ -n "$0" ]; then stat -c %s -- "$0" && cat -- "$0"; else echo 0; fi && exec sleep infinity 2>/dev/null); held=$!; ' +
  '"$@" <&3 3<&-; code=$?; kill "$held" 2>/dev/null; exit "$code"';

const onThisSideWithInput = '{ stat -c %s -- "$0" && cat -- "$0" && exec cat; } | "$@"';

/** Take the file, and put its path into the command. */
const takeFile =
  'read -r size || exit; file=; trap \'[ -z "$file" ] || rm -f "$file"\' EXIT; trap "exit 143" HUP INT TERM; ' +
  'if [ "$size" -gt 0 ]; then umask 077; file=$(mktemp) && dd bs=1 count="$size" of="$file" 2>/dev/null || exit; fi; ' +
  'm=$1; shift; n=$#; while [ "$n" -gt 0 ]; do a=$1; shift; n=$((n - 1)); ' +
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell expands these
  'if [ -n "$m" ]; then case $a in *"$m"*) a="${a%%"$m"*}$file${a#*"$m"}";; esac; fi; set -- "$@" "$a"; done; ';

// A shell reads byte by byte: what is behind the file is still there for the program.
const inContainerWithInput = `${takeFile}"$@"`;

const inContainer =
  takeFile +
  // The program's own input is empty; a shell reads byte by byte, so the rest of ours is still there.
  'exec 3<&0; "$@" </dev/null 3<&- & program=$!; ' +
  '{ read -r _ <&3; kill "$program"; } >/dev/null 2>&1 & watch=$!; ' +
  // None is left to the first process of the container: PostgreSQL takes an unknown child that a signal ended for a crash of its own.
  // By KILL: a shell that has just been forked still has the traps of the one it came from, and loses another signal to them.
  'trap \'kill "$program"; kill -KILL "$watch"; wait; exit 143\' HUP INT TERM; ' +
  'wait "$program"; code=$?; kill -KILL "$watch" 2>/dev/null; wait "$watch" 2>/dev/null; exit "$code"';
