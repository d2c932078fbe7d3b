#!/bin/bash
# The legacy restore of compose stacks, as its documents describe it: six questions. Written anew for comparison; [D4] marks
# the defects that it is known for.
set -euo pipefail

SCRIPT_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$SCRIPT_DIR/lib.sh"
LOG_FILE=$(pick_file /var/log/docker-restore.log logs)
load_config "$SCRIPT_DIR"
BACKUP_BASE="${BACKUP_BASE:-/mnt/backup/docker-backups}"           # config.example.sh sets BACKUP_DEST alone

[ "$(id -u)" -eq 0 ] || { echo "Run as root" >&2; exit 1; }

# One of the names given, by number; CHOICE is the answer.
choose() {
    local prompt="$1" number
    shift
    select_list "$@"
    read -r -p "$prompt: " number
    if [[ ! $number =~ ^[0-9]+$ ]] || [ "$number" -lt 1 ] || [ "$number" -gt $# ]; then echo "Invalid selection" >&2; exit 1; fi
    CHOICE="${!number}"
}

select_list() { local at=0 name; for name in "$@"; do at=$((at + 1)); printf '%3d) %s\n' "$at" "$name"; done; }

choose_host() {
    local hosts=()
    mapfile -t hosts < <(find "$BACKUP_BASE" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
    if [ "${#hosts[@]}" -eq 0 ]; then echo "No hosts found in $BACKUP_BASE"; exit 1; fi
    echo "Step 1: host"; choose "Host" "${hosts[@]}"
    HOST="$CHOICE"
}

choose_date() {
    local dates=()
    find "$BACKUP_BASE/$HOST" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -r | while read -r name; do
        dates+=("$name")                                           # [D4] in a subshell: lost at its end
    done
    if [ "${#dates[@]}" -eq 0 ]; then echo "No backups found for $HOST"; exit 1; fi
    echo "Step 2: date"; choose "Date" "${dates[@]}"
    DATE="$CHOICE"
}

choose_stack() {
    local archives=()
    mapfile -t archives < <(find "$BACKUP_BASE/$HOST/$DATE" -maxdepth 1 -type f -name '*.tar*' -printf '%f\n' | sort)
    if [ "${#archives[@]}" -eq 0 ]; then echo "No stacks found in $DATE"; exit 1; fi
    echo "Step 3: stack"; choose "Stack" "${archives[@]}"
    ARCHIVE="$BACKUP_BASE/$HOST/$DATE/$CHOICE"
    STACK="${CHOICE%%.tar*}"
}

confirm_content() {
    local answer
    echo "Step 4: content"
    tar -tf "$ARCHIVE" | head -20 || true
    read -r -p "Restore $STACK [y/N]: " answer
    [[ $answer =~ ^[Yy] ]] || { echo "Cancelled"; exit 0; }
}

resolve_conflict() {
    local answer safety
    [ -d "$STACKS_PATH/$STACK" ] || [ -d "$APPDATA_PATH/$STACK" ] || return 0
    echo "Step 5: the stack exists: 1) overwrite 2) copy it first 3) cancel"
    read -r -p "Choice [3]: " answer
    case "$answer" in
        1)
            read -r -p "Everything there will be lost. Sure [y/N]: " answer
            [[ $answer =~ ^[Yy] ]] || { echo "Cancelled"; exit 0; }
            ;;
        2)
            safety="/tmp/docker-restore-backup-$(date +%Y%m%d_%H%M%S)"
            mkdir -p "$safety"
            [ ! -d "$STACKS_PATH/$STACK" ] || cp -a "$STACKS_PATH/$STACK" "$safety/stack"
            [ ! -d "$APPDATA_PATH/$STACK" ] || cp -a "$APPDATA_PATH/$STACK" "$safety/appdata"
            echo "Copied to $safety"
            ;;
        *) echo "Cancelled"; exit 0 ;;
    esac
}

restore_stack() {
    local temp answer
    echo "Step 6: restore"
    if [ -d "$STACKS_PATH/$STACK" ]; then (cd "$STACKS_PATH/$STACK" && docker compose down) >>"$LOG_FILE" 2>&1 || true; fi
    temp=$(mktemp -d)
    tar -xf "$ARCHIVE" -C "$temp"
    mkdir -p "$STACKS_PATH/$STACK"
    if [ -f "$temp/docker-compose.yml" ]; then cp "$temp/docker-compose.yml" "$STACKS_PATH/$STACK/"; fi   # [D4] that name alone
    if [ -f "$temp/.env" ]; then cp "$temp/.env" "$STACKS_PATH/$STACK/"; fi
    rm -rf "${APPDATA_PATH:?}/$STACK"                              # before its copy is known to be whole
    cp -a "$temp/$STACK" "$APPDATA_PATH/"
    rm -rf "$temp"
    log_success "Restored $STACK from $ARCHIVE"
    read -r -p "Start the stack now [y/N]: " answer
    if [[ $answer =~ ^[Yy] ]]; then (cd "$STACKS_PATH/$STACK" && docker compose up -d); fi
}

choose_host
choose_date
choose_stack
confirm_content
resolve_conflict
restore_stack
