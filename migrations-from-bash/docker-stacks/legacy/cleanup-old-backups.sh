#!/bin/bash
# The legacy retention, as its documents describe it: by age alone. Written anew for comparison.
set -euo pipefail

BACKUP_BASE="${1:-${BACKUP_BASE:-/mnt/backup/docker-backups}}"     # does not read config.sh
RETENTION_DAYS="${RETENTION_DAYS:-30}"
SEARCH_DEPTH="${SEARCH_DEPTH:-2}"
LOG_FILE="$HOME/logs/docker-backup-cleanup.log"

mkdir -p "$(dirname "$LOG_FILE")"
log() { echo "[$(date '+%Y-%m-%d %H:%M:%S')] $*" | tee -a "$LOG_FILE"; }

if [ ! -d "$BACKUP_BASE" ]; then log "Directory not found: $BACKUP_BASE"; exit 1; fi

log "Removing backups older than $RETENTION_DAYS days from $BACKUP_BASE"
removed=0
while IFS= read -r -d '' directory; do                             # whosever it is, the last good one as well
    log "Removing $directory"
    rm -rf "$directory"
    removed=$((removed + 1))
done < <(find "$BACKUP_BASE" -mindepth "$SEARCH_DEPTH" -maxdepth "$SEARCH_DEPTH" -type d -mtime "+$RETENTION_DAYS" -print0)
log "Removed: $removed"
