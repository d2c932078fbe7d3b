#!/usr/bin/env bash
# The floor: an archive with all that a restore needs, nothing hashed, nothing checked.
# Usage: floor.sh APP_DIR BACKUP_DIR
set -euo pipefail

archive=$2/application.tar.zst
mkdir -p "$2"
tar -C "$1" --numeric-owner --acls --xattrs --sort=name --sparse -c . | zstd -q -T0 -3 >"$archive"
sync "$archive"
