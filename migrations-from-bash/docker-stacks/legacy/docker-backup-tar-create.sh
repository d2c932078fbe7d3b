#!/bin/bash
# The legacy helper for sudo and doas, as its documents describe it: archives one stack as root. Written anew for comparison.
set -euo pipefail

APPDATA=/mnt/datastor/appdata                                      # compiled in: no argument leads elsewhere
refuse() { echo "Refused: $1" >&2; exit 2; }

[ $# -ge 4 ] || refuse "COMPRESSION TMPDIR APPDATA STACK [EXCLUDE...]"
compression="$1" temp="$2" stack="$4"
[ "$3" = "$APPDATA" ] || refuse "appdata"
[[ $compression =~ ^(none|gzip|bzip2|xz|zstd)$ ]] || refuse "compression"
[[ $temp =~ ^/tmp/[A-Za-z0-9._-]+$ && $temp != */.. && $temp != */. ]] || refuse "temporary directory"
[[ $stack =~ ^[A-Za-z0-9._-]+$ && $stack != . && $stack != .. ]] || refuse "stack"
shift 4

exclude=()
for pattern in "$@"; do
    [[ $pattern =~ ^[A-Za-z0-9._/*-]+$ ]] || refuse "exclude"
    exclude+=("--exclude=$pattern")
done
program=(cat)
[ "$compression" = none ] || program=("$compression" -c)
tar -cf - "${exclude[@]}" -C "$temp" . -C "$APPDATA" "$stack" | "${program[@]}"
