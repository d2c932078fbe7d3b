/**
 * What the shell of a store runs in its base directory: any POSIX shell with the usual programs, busybox's included. `$1`,
 * `$2`, … are words of their own; `./` keeps a leading dash from being an option.
 *
 * A login shell may print something of its own before: what counts stands behind "begin", and says how much it is.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a shell expands these

/** Wait until files and directories are on the medium; where sync takes no names, everything there is. */
const keep = 'keep() { sync "$@" 2>/dev/null || sync; }; ';

const size = (file: string) => `"$(($(wc -c <${file})))"`;

/** OpenSSL first: it uses what the processor has for SHA-256, coreutils does not, and takes four times as long. */
const chooseHasher =
  'h=; for p in "openssl dgst -sha256 -r" sha256sum "shasum -a 256" "busybox sha256sum"; do ' +
  "if $p </dev/null >/dev/null 2>&1; then h=$p; break; fi; done; " +
  '[ -n "$h" ] || { echo "no program for SHA-256 is installed" >&2; exit 1; }; ';

/** Whether the base can be written. */
export const writableScript =
  '[ -w . ] && [ -x . ] || { echo "it is not writable" >&2; exit 1; }; echo ready';

/** The same, and whether files can be hashed there: before the first upload rather than after it. */
export const readyScript = chooseHasher + writableScript;

/** Names in the directory $1. A shell passes over a directory that cannot be read, ls does not. */
export const listScript =
  'if [ ! -d "./$1" ]; then [ ! -e "./$1" ] || { echo "it is no directory" >&2; exit 1; }; printf "begin\\nend 0\\n"; exit 0; fi; ' +
  'cd -- "./$1" && ls >/dev/null || exit; n=0; echo begin; ' +
  'for f in * .[!.]* ..?*; do if [ -e "$f" ] || [ -L "$f" ]; then printf "%s\\n" "$f"; n=$((n + 1)); fi; done; echo "end $n"';

/**
 * Every manifest so deep below the base: symlinks among the directories, sizes of all manifests, then all their bytes, by
 * three programs however many there are. "changed" when something has gone meanwhile: other jobs prune at the same time.
 *
 * Directories that this user may not read are others' own. Of all others ls says whether they could be read to their end.
 */
export function manifestsScript(depth: number): string {
  const levels = Array.from({ length: depth + 1 }, (_, level) => "*/".repeat(level));
  const [parents, directories] = [levels.slice(0, -1), levels.slice(1)];
  return (
    'changed() { for p do [ -e "$p" ] || [ -L "$p" ] || { printf "\\nchanged\\n"; exit 0; }; done; exit 1; }; ' +
    `set -- .${parents.join(" ")}; for d do shift; if [ -r "$d" ] && [ -x "$d" ]; then set -- "$@" "$d"; fi; done; ` +
    'ls -- "$@" >/dev/null || changed "$@"; ' +
    `set -- ${levels.at(-1)}manifest.json; if [ ! -e "$1" ] && [ ! -L "$1" ]; then set --; fi; echo "begin $#"; ` +
    `for d in ${directories.join(" ")}; do if [ -L "\${d%/}" ]; then printf "link %s\\n" "$d"; fi; done; echo sizes; ` +
    'if [ "$#" -gt 0 ]; then wc -c -- "$@" && echo content && cat -- "$@" || changed "$@"; fi; printf "\\nend\\n"'
  );
}

/** The file $1, or "missing". */
export const readScript = `if [ -e "./$1" ]; then echo begin ${size('"./$1"')} && cat -- "./$1" && printf "\\nend\\n"; else echo begin missing; fi`;

/** Standard input, $3 bytes, as the file $2 in the directory $1, whole or not at all: the end of a cut connection looks like any other. */
export const writeScript =
  `${keep}mkdir -p -m 700 -- "./$1" && umask 077 && t="./$1/.$2.new" && rm -f -- "$t" || exit; ` +
  // Removed before anything is said: words that nobody hears any more end the shell.
  'give_up() { rm -f -- "$t"; [ -z "$1" ] || echo "$1" >&2; exit 1; }; cat >"$t" || give_up; ' +
  `[ ${size('"$t"')} -eq "$3" ] || give_up "only a part of it arrived"; ` +
  'keep "$t" && mv -f -- "$t" "./$1/$2" && keep "./$1"';

/** How much of the file $1 is there; what is no file goes. */
export const sizeScript = `if [ -f "./$1" ] && [ ! -L "./$1" ]; then echo size ${size('"./$1"')}; else rm -rf -- "./$1" && echo size 0; fi`;

/** Standard input as the file $2 in the directory $1, from its beginning or, with $3, behind the $3 bytes that are there. */
export const uploadScript =
  `${keep}mkdir -p -m 700 -- "./$1" && umask 077 && f="./$1/$2" && if [ "$3" = 0 ]; then cat >"$f"; ` +
  `elif [ ${size('"$f"')} -eq "$3" ]; then cat >>"$f"; else echo "somebody else writes it" >&2; exit 1; fi && ` +
  `keep "$f" && echo size ${size('"$f"')}`;

/** Make the directory $1, in which there is no file $2. */
export const prepareScript = 'mkdir -p -m 700 -- "./$1" && rm -rf -- "./$1/$2"';

/** Standard input as the new file $1, on the medium; by GNU's dd, which is what this host has. */
export const copyScript =
  'umask 077; exec dd of="./$1" bs=1M iflag=fullblock oflag=nofollow conv=excl,fsync status=none';

/** SHA-256 of the file $1. */
export const hashScript = `${chooseHasher}s=$($h <"./$1") || exit; printf "hash %s\\n" "$s"`;

/**
 * The directory $1, whose own name is $4, as $2, below $3; never in the place of anything. A directory that gets that name
 * between the question and mv, by the hand of another host, takes the moved one into itself: it is taken out again.
 */
export const renameScript =
  `${keep}if [ -e "./$2" ] || [ -L "./$2" ]; then echo taken; exit; fi; ` +
  'mkdir -p -m 700 -- "./$3" && keep "./$1" && mv -- "./$1" "./$2" || exit; ' +
  'if [ -e "./$2/$4" ]; then mv -- "./$2/$4" "./$1" && echo taken; exit; fi; ' +
  'set -- "./$3"; while [ "$1" != "${1%/*}" ]; do set -- "${1%/*}" "$@"; done; keep "$@" && echo renamed';

export const removeScript = 'rm -rf -- "./$1"';

/** The directory $1 and those above it, as long as they are empty. */
export const emptyScript =
  'd=$1; while :; do rmdir -- "./$d" 2>/dev/null || exit 0; case $d in */*) d=${d%/*};; *) exit 0;; esac; done';
