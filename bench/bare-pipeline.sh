#!/usr/bin/env bash
# The least that could be called a backup: one archive and its hash.
# Usage: bare-pipeline.sh APP_DIR BACKUP_DIR
set -euo pipefail

archive=$2/application.tar.zst
mkdir -p "$2"
tar -C "$1" -c . | zstd -q -T0 -3 | tee "$archive" | sha256sum >"$archive.sha256"
sync "$archive"
