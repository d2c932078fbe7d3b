#!/bin/bash
# The legacy check of the archives, as its documents describe it. Written anew for comparison.
set -uo pipefail

BACKUP_BASE="${BACKUP_BASE:-/mnt/backup/docker-backups}"           # does not read config.sh
ACTION=""
HOST="*"

usage() { echo "Usage: $(basename "$0") [-l | --list] [-v | --verify] [-s | --stats] [-h HOST] [--help]"; }

while [ $# -gt 0 ]; do
    case "$1" in
        -l | --list) ACTION=list ;;
        -v | --verify) ACTION=verify ;;
        -s | --stats) ACTION=stats ;;
        -h) HOST="${2:?}"; shift ;;
        --help) usage; exit 0 ;;
        *) echo "Unknown option: $1" >&2; usage >&2; exit 1 ;;
    esac
    shift
done

archives() { find "$BACKUP_BASE" -mindepth 3 -maxdepth 3 -type f -path "$BACKUP_BASE/$HOST/*" -name '*.tar*' | sort; }

list_archives() {
    local file
    archives | while read -r file; do printf '%8s  %s\n' "$(du -h "$file" | cut -f1)" "${file#"$BACKUP_BASE"/}"; done
}

verify_archives() {
    local file
    archives | while read -r file; do
        if tar -tf "$file" >/dev/null 2>&1; then echo "✓ ${file#"$BACKUP_BASE"/}"; else echo "✗ INVALID: ${file#"$BACKUP_BASE"/}"; fi
    done
    return 0                                                       # whatever was found
}

show_stats() {
    echo "Archives: $(archives | wc -l)"
    echo "Size: $(du -sh "$BACKUP_BASE" | cut -f1)"
    echo "Free: $(df -h --output=avail "$BACKUP_BASE" | tail -1)"
}

case "$ACTION" in
    list) list_archives ;;
    verify) verify_archives ;;
    stats) show_stats ;;
    *) usage; exit 1 ;;
esac
