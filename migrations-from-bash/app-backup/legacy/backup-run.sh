#!/bin/bash
# The legacy backup of a Laravel application, as its documents describe it: database, application, system state, one
# archive, upload to a NAS, mail. Written anew for comparison; [D1] to [D12] mark defects that it is known for.
# Nothing here is meant to be used: MAP.md says where each line went, DIFFERENCES.md what is done otherwise and why.
set -euo pipefail

# --- Configuration: no options; the environment, with these defaults
APP_DIR="${APP_DIR:-/var/www/api-gateway}"
BACKUP_BASE="${BACKUP_BASE:-/var/backups/askproai}"
LOG_FILE="${LOG_FILE:-/var/log/backup-run.log}"
LOCK_FILE="${LOCK_FILE:-/var/lock/backup-run.lock}"
DB_NAME="${DB_NAME:-askproai_db}"
DB_OPTION_FILE="${DB_OPTION_FILE:-/root/.my.cnf}"
SYNOLOGY_HOST="${SYNOLOGY_HOST:-nas.example.org}"
SYNOLOGY_PORT="${SYNOLOGY_PORT:-50222}"
SYNOLOGY_USER="${SYNOLOGY_USER:-backup}"
SYNOLOGY_SSH_KEY="${SYNOLOGY_SSH_KEY:-/root/.ssh/synology_backup_key}"
SYNOLOGY_BASE_PATH="${SYNOLOGY_BASE_PATH:-/volume1/homes/backup/Backup/Server AskProAI}"
ADMIN_EMAILS="${ADMIN_EMAILS:-root}"
MIN_FREE_PERCENT="${MIN_FREE_PERCENT:-20}"
APP_MIN_MB="${APP_MIN_MB:-100}"
KEEP_LOCAL=3
SIZE_THRESHOLD=50
TIMESTAMP=$(TZ=Europe/Berlin date +%Y%m%d_%H%M%S)
BACKUP_NAME="backup-${TIMESTAMP}"
WORK_DIR="${BACKUP_BASE}/tmp/${BACKUP_NAME}"                       # [D3] two starts in one second share it
SIZE_HISTORY="${BACKUP_BASE}/.size-history"
DEGRADED_MODE=false
START=$(date +%s)
SHA_STATUS="unknown"

log() { echo "[$(date '+%Y-%m-%d %H:%M:%S')] $*" | tee -a "$LOG_FILE"; }

cleanup() { rm -rf "$WORK_DIR"; }

# --- Mail: status, failed step, archive
send_email_notification() {
    local status="$1" step="$2" archive="$3" subject
    case "$status" in
        success) subject="Backup successful: ${BACKUP_NAME}" ;;
        warning) subject="Backup warning (${step}): ${BACKUP_NAME}" ;;
        failure) subject="Backup FAILED (${step}): ${BACKUP_NAME}" ;;
    esac
    {
        echo "To: ${ADMIN_EMAILS}"
        echo "Subject: ${subject}"
        echo
        echo "Duration: $(( $(date +%s) - START ))s  Checksum: ${SHA_STATUS}"
        echo "Archive: ${archive:-none}  NAS: $(nas_path)"
        [ "$status" = failure ] && tail -n 200 "$LOG_FILE"
        echo "Attachments: MANIFEST.json, CHECKSUMS"               # [D7] CHECKSUMS is never made
    } | msmtp -t >>"$LOG_FILE" 2>&1 || log "Mail could not be sent"
}

# --- Step 1: preflight
preflight_checks() {
    log "Preflight checks"
    local used
    used=$(df / --output=pcent | tail -1 | tr -dc '0-9')           # of "/", not of the disk that is written
    if [ $((100 - used)) -lt "$MIN_FREE_PERCENT" ]; then
        log "❌ Less than ${MIN_FREE_PERCENT}% free"
        exit 1                                                     # [D4] no mail
    fi
    if ! systemctl is-active --quiet mariadb; then
        log "❌ mariadb is not active"
        exit 1                                                     # [D4] no mail
    fi
    if ! nas "echo ok" >/dev/null 2>&1; then
        log "⚠️  NAS cannot be reached: DEGRADED MODE, local backup only"
        DEGRADED_MODE=true
    fi
    log "✅ Preflight passed"
}

nas() {
    ssh -n -p "$SYNOLOGY_PORT" -i "$SYNOLOGY_SSH_KEY" -o ConnectTimeout=5 -o BatchMode=yes \
        -o StrictHostKeyChecking=no "${SYNOLOGY_USER}@${SYNOLOGY_HOST}" "$@"   # [D8] takes any host key
}

# --- Step 2: database
backup_database() {
    log "Backing up database ${DB_NAME}"
    local file="${WORK_DIR}/database.sql.gz"
    mysqldump --defaults-extra-file="$DB_OPTION_FILE" --single-transaction --routines --events --triggers \
        --master-data=2 --flush-logs --databases "$DB_NAME" 2>>"$LOG_FILE" | gzip >"$file" || return 1
    local position
    position=$(grep -a -m1 "CHANGE MASTER" "$file" || echo "not recorded")     # [D7] searches in compressed bytes
    echo "database=${DB_NAME} binlog=${position}" >"${WORK_DIR}/database-info.txt"
    log "✅ Database: $(du -m "$file" | cut -f1) MB"
}

# --- Step 3: application
backup_application() {
    log "Backing up application ${APP_DIR}"
    local file="${WORK_DIR}/application.tar.gz" needed
    for needed in .env artisan composer.json composer.lock vendor node_modules; do
        if [ ! -e "${APP_DIR}/${needed}" ]; then log "❌ Missing: ${needed}"; return 1; fi
    done
    set +e
    tar -czf "$file" --exclude='storage/framework/cache' --exclude='storage/framework/sessions' \
        --exclude='storage/framework/views' --exclude='storage/logs/*.log' --exclude='.git' \
        -C "$(dirname "$APP_DIR")" "$(basename "$APP_DIR")" 2>>"$LOG_FILE"
    local tar_exit=$?
    set -e
    if [ $tar_exit -eq 2 ]; then                                   # a tar that was killed (128 and more) passes
        log "❌ Application backup failed with fatal error"
        return 1
    elif [ $tar_exit -eq 1 ]; then
        log "   ⚠️  Some files changed during backup (expected for live system)"
    fi
    local size
    size=$(du -m "$file" | cut -f1)
    if [ "$size" -lt "$APP_MIN_MB" ]; then log "❌ Application archive too small: ${size} MB"; rm -f "$file"; return 1; fi
    # [D10] the archive's content was to be verified here; it is switched off
    log "✅ Application: ${size} MB"
}

# --- Step 4: system state
collect_system_state() {
    local dir
    dir=$(mktemp -d /tmp/system-state-XXXXXX)
    crontab -l >"$dir/crontab-root.txt" 2>/dev/null || true
    cp -r /etc/nginx "$dir/nginx" 2>/dev/null || true
    cp -r /etc/php "$dir/php" 2>/dev/null || true
    cp -r /etc/mysql "$dir/mysql" 2>/dev/null || true
    dpkg -l >"$dir/packages.txt" 2>/dev/null || true
    apt-mark showmanual >"$dir/packages-manual.txt" 2>/dev/null || true
    { uname -a; df -h; free -m; ip addr; hostnamectl; } >"$dir/system.txt" 2>/dev/null || true
    sed 's/=.*/=***/' "${APP_DIR}/.env" >"$dir/env-names.txt" 2>/dev/null || true
    ls "$dir" >"$dir/MANIFEST.txt"
    tar -czf "${dir}.tar.gz" -C "$dir" .
    sha256sum "${dir}.tar.gz" >"${dir}.tar.gz.sha256"              # [D6] stays in /tmp
    rm -rf "$dir"
    echo "${dir}.tar.gz"
}

backup_system_state() {
    log "Collecting system state"
    local result
    result=$(collect_system_state 2>&1 | tail -1)                  # [D11] a failure's text is lost
    if [ ! -f "$result" ]; then log "❌ System state failed"; return 1; fi
    cp "$result" "${WORK_DIR}/system-state.tar.gz"
    rm -f "$result"
    log "✅ System state: $(du -k "${WORK_DIR}/system-state.tar.gz" | cut -f1) KB"
}

# --- Step 5: manifest and archive of archives
size_of() { stat -c %s "${WORK_DIR}/$1" 2>/dev/null || echo 0; }

create_archive() {
    local archive="${BACKUP_BASE}/${BACKUP_NAME}.tar.gz" server_ip
    server_ip=$(curl -s --max-time 5 "${IP_SERVICE:-https://ip.example.org}" 2>/dev/null || echo unknown)   # asks an outside service
    cat >"${WORK_DIR}/MANIFEST.json" <<JSON
{ "backup_name": "${BACKUP_NAME}", "timestamp": "${TIMESTAMP}", "timezone": "Europe/Berlin", "retention_tier": "$(tier)",
  "hostname": "$(hostname)", "server_ip": "${server_ip}",
  "components": { "database": { "file": "database.sql.gz", "size": $(size_of database.sql.gz) },
    "application": { "file": "application.tar.gz", "size": $(size_of application.tar.gz) },
    "system_state": { "file": "system-state.tar.gz", "size": $(size_of system-state.tar.gz) } },
  "git_commit": "$(git -C "$APP_DIR" rev-parse HEAD 2>/dev/null || echo unknown)" }
JSON
    tar -czf "$archive" -C "$WORK_DIR" . || return 1
    sha256sum "$archive" >"${archive}.sha256"                      # an absolute path: of no use anywhere else
    log "✅ Final archive: $(du -m "$archive" | cut -f1) MB"
}

# --- Step 6: size against the average of the last seven
check_size() {
    local size average
    size=$(stat -c %s "${BACKUP_BASE}/${BACKUP_NAME}.tar.gz")
    if [ -s "$SIZE_HISTORY" ]; then
        average=$(tail -7 "$SIZE_HISTORY" | awk '{ sum += $1 } END { printf "%.0f", sum / NR }')
        if [ "$size" -lt $((average * (100 - SIZE_THRESHOLD) / 100)) ] || [ "$size" -gt $((average * (100 + SIZE_THRESHOLD) / 100)) ]; then
            log "⚠️  Size anomaly: ${size} bytes, average ${average}"
        fi
    fi
    echo "$size" >>"$SIZE_HISTORY"
    tail -30 "$SIZE_HISTORY" >"${SIZE_HISTORY}.new" && mv "${SIZE_HISTORY}.new" "$SIZE_HISTORY"
}

# --- Step 7: upload
tier() {
    local day hour
    day=$(TZ=Europe/Berlin date +%d); hour=$(TZ=Europe/Berlin date +%H)
    if { [ "$day" = 01 ] || [ "$day" = 15 ]; } && [ "$hour" = 19 ]; then echo biweekly; else echo daily; fi
}

nas_path() { echo "${SYNOLOGY_BASE_PATH}/$(tier)/$(TZ=Europe/Berlin date +%Y/%m/%d/%H%M)"; }

upload_to_synology() {
    local archive="${BACKUP_BASE}/${BACKUP_NAME}.tar.gz" target name="${BACKUP_NAME}.tar.gz" local_sum remote_sum
    target=$(nas_path)
    log "Uploading to ${target}"
    nas "mkdir -p '${target}'" || return 1
    ssh -p "$SYNOLOGY_PORT" -i "$SYNOLOGY_SSH_KEY" -o StrictHostKeyChecking=no "${SYNOLOGY_USER}@${SYNOLOGY_HOST}" \
        "cat > '${target}/.${name}.tmp'" <"$archive" || return 1   # [D6] the .tmp stays for ever
    nas "test -f '${target}/.${name}.tmp'" || return 1
    local_sum=$(sha256sum "$archive" | cut -d' ' -f1)
    remote_sum=$(nas "sha256sum '${target}/.${name}.tmp'" | cut -d' ' -f1)
    if [ "$local_sum" != "$remote_sum" ]; then SHA_STATUS="mismatch"; log "❌ Checksum mismatch"; return 1; fi
    SHA_STATUS="verified"
    nas "mv '${target}/.${name}.tmp' '${target}/${name}'" || return 1
    ssh -p "$SYNOLOGY_PORT" -i "$SYNOLOGY_SSH_KEY" -o StrictHostKeyChecking=no "${SYNOLOGY_USER}@${SYNOLOGY_HOST}" \
        "cat > '${target}/${name}.sha256'" <"${archive}.sha256" || return 1
    log "✅ Upload: $(tier)/$(TZ=Europe/Berlin date +%Y/%m/%d)/  SHA256: ${local_sum}"
}

# --- Step 8: local retention; nothing prunes the NAS, nor the .sha256 files [D6]
prune_local() {
    ls -1t "${BACKUP_BASE}"/backup-*.tar.gz | tail -n +$((KEEP_LOCAL + 1)) | xargs -r rm -f
}

main() {
    eval "exec 200>\"${LOCK_FILE}\""
    if ! flock -n 200; then
        log "⚠️  Backup already running (locked). Exiting gracefully."
        exit 0                                                     # [D4] nobody hears of it
    fi
    trap cleanup EXIT
    trap "flock -u 200; rm -f ${LOCK_FILE}" EXIT                   # [D1] replaces the line above, [D2] unlinks the lock
    mkdir -p "$BACKUP_BASE" "$WORK_DIR"
    chown www-data "$BACKUP_BASE"; chmod 755 "$BACKUP_BASE"        # [D9] readable by all, nothing encrypted
    log "=== Backup ${BACKUP_NAME} started"
    preflight_checks
    if ! backup_database; then log "❌ Database backup failed"; send_email_notification failure database_backup ""; exit 1; fi
    if ! backup_application; then log "❌ Application backup failed"; send_email_notification failure application_backup ""; exit 1; fi
    if ! backup_system_state; then send_email_notification failure system_state_backup ""; exit 1; fi
    if ! create_archive; then send_email_notification failure create_archive ""; exit 1; fi
    check_size
    local status=success step=""
    if [ "$DEGRADED_MODE" = true ]; then status=warning; step=DEGRADED
    elif ! upload_to_synology; then status=warning; step=upload_synology; log "⚠️  Upload failed"   # [D5] exit 0, no second try
    fi
    prune_local
    send_email_notification "$status" "$step" "${BACKUP_BASE}/${BACKUP_NAME}.tar.gz"
    log "=== Backup finished in $(( $(date +%s) - START ))s"
    exit 0
}
# [D12] there is no script that restores this format

main "$@"
