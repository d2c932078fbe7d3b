#!/bin/bash
# The legacy unattended backup of compose stacks, as its documents describe it: each stack is taken down, archived, started
# again. Written anew for comparison; [D1] to [D10] mark defects that it is known for.
set -euo pipefail

SCRIPT_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib.sh
. "$SCRIPT_DIR/lib.sh"
LOG_FILE=$(pick_file /var/log/docker-backup.log logs)
LOCK_FILE=$(pick_file /var/run/docker-stack-backup.lock run)       # [D2] the manual script has another one
DRY_RUN=false
load_config "$SCRIPT_DIR"
trap release_lock EXIT INT TERM                                    # [D1] before the lock is taken, [D3] without an exit

usage() {
    echo "Usage: $(basename "$0") [--dry-run | --dryrun | -n] [--help | -h]"
    echo "Backs up every running stack that has appdata, one after the other."
}

while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run | --dryrun | -n) DRY_RUN=true ;;
        --help | -h) usage; exit 0 ;;
        *) echo "Unknown option: $1" >&2; usage >&2; exit 1 ;;
    esac
    shift
done

run_preflight() {
    log_rule; log "Running pre-flight checks..."; log_rule
    check_docker || return 1
    log "✓ Docker daemon is running"
    [ -d "$STACKS_PATH" ] || { log_error "Dockhand directory not found: $STACKS_PATH"; return 1; }
    log "✓ Dockhand directory exists: $STACKS_PATH"
    [ -d "$APPDATA_PATH" ] || { log_error "Appdata directory not found: $APPDATA_PATH"; return 1; }
    log "✓ Appdata directory exists: $APPDATA_PATH"
    check_destination "$BACKUP_DEST" || return 1                   # makes it where a disk should be mounted
    log "✓ $BACKUP_DEST is accessible ($(mount_type "$BACKUP_DEST"))"
    check_disk_space "$BACKUP_DEST" 5 || return 1
    log "✓ Disk space: $(free_gb "$BACKUP_DEST")GB available on $BACKUP_DEST"
    log_rule; log "✓ All pre-flight checks passed"; log_rule
}

# 0 backed up, 2 skipped, anything else failed
backup_stack() {
    local path="$1" name compose temp target services=()
    name=$(basename "$path")
    compose=$(find_compose_file "$path")
    log "Stack: $name"
    if ! has_appdata "$compose"; then log_warning "Stack has no appdata, skipping"; return 2; fi
    if [ ! -d "$APPDATA_PATH/$name" ]; then log_warning "Appdata directory missing: $APPDATA_PATH/$name"; return 2; fi
    if [ -z "$(ls -A "$APPDATA_PATH/$name")" ]; then
        log "  └─ Appdata is empty, nothing to back up"
        return 0                                                   # [D9] counted as backed up
    fi
    mapfile -t services < <(running_services "$path")
    if [ "${#services[@]}" -eq 0 ]; then
        log "  └─ Not running, skipping"
        return 0                                                   # [D9] counted as backed up
    fi
    log "  └─ Stopping: ${services[*]}"
    if ! (cd "$path" && docker compose down) >>"$LOG_FILE" 2>&1; then   # [D10] removes containers and networks
        log_error "Failed to stop stack $name"
        return 1                                                   # [D7] what it did stop stays stopped
    fi
    temp=$(mktemp -d /tmp/docker-backup-XXXXXX)
    cp "$compose" "$temp/"                                         # [D8] set -e is off here: a failure is not seen
    if [ -f "$path/.env" ]; then cp "$path/.env" "$temp/"; fi
    target="$BACKUP_DIR/$name.$(archive_extension)"
    log "  └─ Creating backup: $target"
    if ! write_archive "$temp" "$name" >"$target"; then            # [D6] tar's 1 fails too; what there is keeps its name
        log_error "Failed to create backup of $name"
        rm -rf "$temp"
        (cd "$path" && docker compose up -d) >>"$LOG_FILE" 2>&1    # [D7] no retry, no check, no message; starts all
        return 1
    fi
    rm -rf "$temp"
    restart_stack "$name" "$path" "${services[@]}" || return 1
    run_post_restart_hooks "$name" "$path"
    log_success "Backed up $name ($(du -h "$target" | cut -f1))"
}

dry_run() {
    local path compose size total=0
    echo 0 >"/tmp/stack_size_$$"                                   # a name that anybody can foresee
    for path in "$STACKS_PATH"/*/; do
        path=${path%/}
        compose=$(find_compose_file "$path") || continue
        has_appdata "$compose" || continue
        size=$(du -sm "$APPDATA_PATH/$(basename "$path")" 2>/dev/null | cut -f1) || true
        log "[DRY RUN] Would back up $(basename "$path") (${size:-0}MB)"
        echo $(($(cat "/tmp/stack_size_$$") + ${size:-0})) >"/tmp/stack_size_$$"
    done
    total=$(cat "/tmp/stack_size_$$")
    rm -f "/tmp/stack_size_$$"
    log "[DRY RUN] Estimated total: ${total}MB, available: $(free_gb "$BACKUP_DEST")GB"
}

main() {
    local path result backed_up=0 skipped=0 failed=0 total=0 summary
    log_rule; log "Docker stack backup on $(hostname) ($(detect_os))"; log_rule
    [ "$DRY_RUN" = true ] || { require_root_or_elevation; acquire_lock; }
    run_preflight || exit 1                                        # nobody is told
    if [ "$DRY_RUN" = true ]; then dry_run; exit 0; fi
    BACKUP_DIR="$BACKUP_DEST/$(hostname)/$(date +%Y%m%d_%H%M%S)"
    mkdir -p "$BACKUP_DIR"
    for path in "$STACKS_PATH"/*/; do
        path=${path%/}
        find_compose_file "$path" >/dev/null || continue
        total=$((total + 1)); result=0
        backup_stack "$path" || result=$?                          # [D8] switches set -e off inside
        case "$result" in
            0) backed_up=$((backed_up + 1)) ;;
            2) skipped=$((skipped + 1)) ;;
            *) failed=$((failed + 1)) ;;
        esac
    done
    summary="Backed up: $backed_up
Skipped: $skipped
Failed: $failed
Total: $total
Host: $(hostname)
Time: $(date '+%Y-%m-%d %H:%M:%S')"
    log_rule; log "$summary"; log_rule
    if [ "$failed" -gt 0 ]; then
        notify failure "Docker Backup Failed - $(hostname)" "$summary
Log: $LOG_FILE"
        exit 1
    fi
    notify success "Docker Backup Successful - $(hostname)" "$summary"
}

main
