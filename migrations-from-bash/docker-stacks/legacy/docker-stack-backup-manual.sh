#!/bin/bash
# The legacy backup of compose stacks by hand, as its documents describe it: a menu, a summary, the same steps. Written anew
# for comparison; [D1] to [D10] mark defects that it is known for.
set -euo pipefail

SCRIPT_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$SCRIPT_DIR/lib.sh"
LOG_FILE=$(pick_file /var/log/docker-backup-manual.log logs)
LOCK_FILE=$(pick_file /var/run/docker-stack-backup-manual.lock run)   # [D2] the unattended script has another one
DRY_RUN=false
load_config "$SCRIPT_DIR"
trap release_lock EXIT INT TERM                                    # [D1] [D3]

usage() { echo "Usage: $(basename "$0") [--dry-run | --dryrun | -n] [--help | -h]"; }

while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run | --dryrun | -n) DRY_RUN=true ;;
        --help | -h) usage; exit 0 ;;
        *) echo "Unknown option: $1" >&2; usage >&2; exit 1 ;;
    esac
    shift
done

run_preflight() {
    echo "Running pre-flight checks..."; echo
    check_docker || return 1
    echo "✓ Docker daemon running"
    [ -d "$STACKS_PATH" ] || { log_error "Dockhand directory not found: $STACKS_PATH"; return 1; }
    echo "✓ Dockhand directory found"
    [ -d "$APPDATA_PATH" ] || { log_error "Appdata directory not found: $APPDATA_PATH"; return 1; }
    echo "✓ Appdata directory found"
    check_destination "$BACKUP_DEST" || return 1
    echo "✓ Backup destination writable"
    check_disk_space "$BACKUP_DEST" 5 || return 1
    echo "✓ Disk space: $(free_gb "$BACKUP_DEST")GB available"
    echo; echo "✓ All checks passed"; echo
}

size_mb() { du -sm "$1" 2>/dev/null | cut -f1 || echo 0; }

list_stacks() {
    local path compose state
    STACKS=()
    for path in "$STACKS_PATH"/*/; do
        path=${path%/}
        compose=$(find_compose_file "$path") || continue
        has_appdata "$compose" && [ -d "$APPDATA_PATH/$(basename "$path")" ] || continue
        STACKS+=("$path")
        state=stopped
        [ -z "$(running_services "$path")" ] || state=running
        printf '%3d) %-24s %6sMB  %s\n' "${#STACKS[@]}" "$(basename "$path")" "$(size_mb "$APPDATA_PATH/$(basename "$path")")" "$state"
    done
}

# 1 3 5, 1-3 5, all
choose_stacks() {
    local answer word number
    CHOSEN=()
    read -r -p "Select stacks (1 3 5, 1-3 5, all): " answer
    if [ "$answer" = all ]; then CHOSEN=("${STACKS[@]}"); return 0; fi
    for word in $answer; do
        if [[ $word =~ ^([0-9]+)-([0-9]+)$ ]]; then word=$(seq -s ' ' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"); fi
        for number in $word; do
            if [[ ! $number =~ ^[0-9]+$ ]] || [ "$number" -lt 1 ] || [ "$number" -gt "${#STACKS[@]}" ]; then
                echo "Invalid selection: $number" >&2; return 1
            fi
            CHOSEN+=("${STACKS[number - 1]}")
        done
    done
}

backup_one() {
    local path="$1" name compose temp target services=()
    name=$(basename "$path")
    compose=$(find_compose_file "$path")
    mapfile -t services < <(running_services "$path")              # a stopped stack is backed up all the same
    if [ "${#services[@]}" -gt 0 ]; then
        echo "  └─ Stopping containers..."
        if ! (cd "$path" && docker compose down) >>"$LOG_FILE" 2>&1; then log_error "Failed to stop stack $name"; return 1; fi   # [D7] [D10]
    fi
    temp=$(mktemp -d /tmp/docker-backup-XXXXXX)
    cp "$compose" "$temp/"                                         # [D8]
    if [ -f "$path/.env" ]; then cp "$path/.env" "$temp/"; fi
    target="$BACKUP_DIR/$name.$(archive_extension)"
    echo "  └─ Creating backup..."
    if ! write_archive "$temp" "$name" >"$target"; then            # [D6]
        log_error "Failed to create backup of $name"
        rm -rf "$temp"
        if [ "${#services[@]}" -gt 0 ]; then (cd "$path" && docker compose up -d) >>"$LOG_FILE" 2>&1; fi   # [D7]
        return 1
    fi
    rm -rf "$temp"
    if [ "${#services[@]}" -gt 0 ]; then restart_stack "$name" "$path" "${services[@]}" || return 1; fi
    echo "     ✓ $(basename "$target") ($(du -h "$target" | cut -f1))"
}

main() {
    local path answer total=0 index=0 good=0 failed=0
    [ "$DRY_RUN" = true ] || { require_root_or_elevation; acquire_lock; }
    run_preflight || exit 1
    echo "Step 1: select stacks"; list_stacks
    if [ "${#STACKS[@]}" -eq 0 ]; then echo "No stacks found"; exit 1; fi
    if [ "$DRY_RUN" = true ]; then echo "[DRY RUN] Nothing is backed up"; exit 0; fi
    until choose_stacks; do :; done
    if [ "${#CHOSEN[@]}" -eq 0 ]; then echo "Nothing selected"; exit 0; fi
    echo; echo "Step 2: summary"
    for path in "${CHOSEN[@]}"; do
        echo "  - $(basename "$path")"
        total=$((total + $(size_mb "$APPDATA_PATH/$(basename "$path")")))
    done
    echo "Estimated size: ${total}MB"
    read -r -p "Proceed [y/N]: " answer
    if [[ ! $answer =~ ^[Yy] ]]; then echo "Cancelled"; exit 0; fi
    echo; echo "Step 3: backup"
    BACKUP_DIR="$BACKUP_DEST/$(hostname)/$(date +%Y%m%d_%H%M%S)"
    mkdir -p "$BACKUP_DIR"
    for path in "${CHOSEN[@]}"; do
        index=$((index + 1))
        echo "[$index/${#CHOSEN[@]}] $(basename "$path")"
        if backup_one "$path"; then good=$((good + 1)); else failed=$((failed + 1)); fi   # [D8]
    done
    echo; echo "Backed up: $good, failed: $failed, in $BACKUP_DIR"
    [ "$failed" -eq 0 ]
}

main
