/**
 * What runs at the other end of ssh, in the store's base directory, by any POSIX shell. `$1`, `$2`, … are words of their own.
 *
 * A login shell may print something of its own before: what counts stands between "begin" and "end", and says how much it is.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a shell expands these

/** Whether the base can be written. */
export const checkScript = '[ -w . ] || { echo "it is not writable" >&2; exit 1; }; echo ready';

/** Names in the directory $1. */
export const listScript =
  'if [ ! -d "./$1" ]; then [ ! -e "./$1" ] || { echo "it is no directory" >&2; exit 1; }; printf "begin\\nend 0\\n"; exit 0; fi; ' +
  'cd -- "./$1" || exit; n=0; echo begin; ' +
  'for f in * .[!.]* ..?*; do if [ -e "$f" ] || [ -L "$f" ]; then printf "%s\\n" "$f"; n=$((n + 1)); fi; done; echo "end $n"';

/** Every manifest so deep below the base: sizes of all first, then all their bytes, by two programs however many there are. */
export function manifestsScript(depth: number): string {
  return (
    `set -- ${"*/".repeat(depth)}manifest.json; [ -e "$1" ] || set --; echo "begin $#"; ` +
    'if [ "$#" -gt 0 ]; then wc -c -- "$@" && echo content && cat -- "$@"; fi && printf "\\nend\\n"'
  );
}

/** The file $1, or "missing". */
export const readScript =
  'if [ -e "./$1" ]; then echo begin && cat -- "./$1" && printf "\\nend\\n"; else printf "begin\\nmissing\\n"; fi';

/** Standard input as the file $2 in the directory $1, whole or not at all. */
export const writeScript =
  'mkdir -p -m 700 -- "./$1" && umask 077 && cat >"./$1/$2.new" && mv -f -- "./$1/$2.new" "./$1/$2"';

/** How much of the file $1 is there; what is no file goes. */
export const sizeScript =
  'if [ -f "./$1" ] && [ ! -L "./$1" ]; then printf "size %s\\n" "$(wc -c <"./$1")"; else rm -rf -- "./$1" && echo size 0; fi';

/** Standard input as the file $2 in the directory $1, from its beginning or, with $3, behind what is there. */
export const uploadScript =
  'mkdir -p -m 700 -- "./$1" && umask 077 && if [ "$3" = 0 ]; then cat >"./$1/$2"; else cat >>"./$1/$2"; fi && ' +
  '{ sync "./$1/$2" 2>/dev/null || sync; } && printf "size %s\\n" "$(wc -c <"./$1/$2")"';

/** SHA-256 of the file $1. */
export const hashScript =
  'for h in sha256sum "shasum -a 256" "openssl dgst -sha256 -r" "busybox sha256sum"; do ' +
  'if command -v "${h%% *}" >/dev/null 2>&1; then s=$($h <"./$1") || exit; printf "hash %s\\n" "$s"; exit; fi; done; ' +
  'echo "no program for SHA-256 is installed" >&2; exit 1';

/** The directory $1 as $2, below $3; never in the place of anything. */
export const renameScript =
  'if [ -e "./$2" ] || [ -L "./$2" ]; then echo taken; else mkdir -p -m 700 -- "./$3" && mv -- "./$1" "./$2" && echo renamed; fi';

export const removeScript = 'rm -rf -- "./$1"';

/** The directory $1 and those above it, as long as they are empty. */
export const emptyScript =
  'd=$1; while [ -n "$d" ]; do rmdir -- "./$d" 2>/dev/null || exit 0; case $d in */*) d=${d%/*};; *) exit 0;; esac; done';
