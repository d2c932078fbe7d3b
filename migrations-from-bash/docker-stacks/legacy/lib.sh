#!/bin/bash
# Shared by the legacy backup of compose stacks, as its documents describe it: log, lock, restart, messages, hooks,
# elevation. Written anew for comparison; [D1] to [D10] mark defects that it is known for. Nothing here is meant to be
# used: MAP.md says where each line went, DIFFERENCES.md what is done otherwise and why.

RED='\033[0;31m'; GREEN='\033[0;32m'; YELLOW='\033[1;33m'; NC='\033[0m'

# Plain assignments: config.sh, sourced later, overrides them; the environment does not.
MAX_RESTART_ATTEMPTS=3
RESTART_RETRY_DELAY=5

log() { echo "[$(date '+%Y-%m-%d %H:%M:%S')] $*" | tee -a "$LOG_FILE"; }
log_error() { echo -e "${RED}[ERROR]${NC} $*" | tee -a "$LOG_FILE" >&2; }       # no time, and colours in the file
log_success() { echo -e "${GREEN}[SUCCESS]${NC} $*" | tee -a "$LOG_FILE"; }
log_warning() { echo -e "${YELLOW}[WARNING]${NC} $*" | tee -a "$LOG_FILE"; }
log_rule() { log "========================================="; }

# Where an ordinary user may write, when the usual place is closed to him.
pick_file() {
    if [ -w "$(dirname "$1")" ]; then echo "$1"; else mkdir -p "$HOME/$2"; echo "$HOME/$2/$(basename "$1")"; fi
}

detect_os() {
    if command -v scale >/dev/null 2>&1 || grep -qi truenas /etc/version 2>/dev/null; then echo truenas
    elif grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then echo ubuntu
    elif grep -q '^ID=debian' /etc/os-release 2>/dev/null; then echo debian
    else echo unknown; fi
}

# --- Lock
acquire_lock() {
    exec 200>"$LOCK_FILE"
    if ! flock -n 200; then
        log_error "Another backup is already running (lock: $LOCK_FILE)"
        exit 1                                                     # nobody is told
    fi
}

release_lock() {
    flock -u 200 2>/dev/null || true
    rm -f "$LOCK_FILE"                                             # [D1] whoever holds it
}

# --- Elevation
require_root_or_elevation() {
    [ "$(id -u)" -eq 0 ] && return 0
    if [ "$ELEVATION_CMD" = none ]; then log_error "Run as root, or set ELEVATION_CMD to sudo or doas"; exit 1; fi
    command -v "$ELEVATION_CMD" >/dev/null || { log_error "$ELEVATION_CMD is not installed"; exit 1; }
    [ -x "$ELEVATION_HELPER_PATH" ] || { log_error "Helper not found: $ELEVATION_HELPER_PATH"; exit 1; }
}

# --- Preflight, shared by both scripts
check_docker() {
    if ! systemctl is-active --quiet docker; then
        log_error "Docker daemon is not running"
        log_error "Start with: systemctl start docker"
        return 1
    fi
    docker info >/dev/null 2>&1 || { log_error "Docker daemon does not answer"; return 1; }
}

check_destination() {
    if ! mkdir -p "$1" 2>/dev/null || ! touch "$1/.write-test" 2>/dev/null; then
        log_error "Cannot write to $1"
        log_error "Check permissions and mount status"
        return 1
    fi
    rm -f "$1/.write-test"
}

mount_type() { if mountpoint -q "$1"; then stat -f -c %T "$1"; else echo "local filesystem"; fi; }

free_gb() { df -BG --output=avail "$1" | tail -1 | tr -dc '0-9'; }

check_disk_space() {
    local free
    free=$(free_gb "$1")
    if [ "$free" -lt "$2" ]; then
        log_error "Insufficient disk space on $1"
        log_error "Available: ${free}GB, Required: $2GB"
        return 1
    fi
}

# --- Stacks
find_compose_file() {
    local name
    for name in compose.yaml compose.yml docker-compose.yaml docker-compose.yml; do
        if [ -f "$1/$name" ]; then echo "$1/$name"; return 0; fi
    done
    return 1
}

has_appdata() { grep -q "$APPDATA_PATH" "$1"; }                    # the text as it stands: a path by ${VAR} is missed

running_services() { (cd "$1" && docker compose ps --services --filter status=running 2>/dev/null) | sed '/^$/d'; }

# --- Archive, to standard output
archive_extension() {
    case "$COMPRESSION_METHOD" in
        gzip) echo tar.gz ;; bzip2) echo tar.bz2 ;; xz) echo tar.xz ;; zstd) echo tar.zst ;; *) echo tar ;;
    esac
}

parallel_or() { if [ "$USE_PARALLEL" = true ] && command -v "$1" >/dev/null; then echo "$1"; else echo "$2"; fi; }

compress() {
    local threads="$PARALLEL_THREADS"
    [ "$threads" -eq 0 ] && threads=$(nproc)
    case "$COMPRESSION_METHOD" in
        gzip) if [ "$(parallel_or pigz gzip)" = pigz ]; then pigz "-$COMPRESSION_LEVEL" -p "$threads"; else gzip "-$COMPRESSION_LEVEL"; fi ;;
        bzip2) if [ "$(parallel_or pbzip2 bzip2)" = pbzip2 ]; then pbzip2 "-$COMPRESSION_LEVEL" "-p$threads" -c; else bzip2 "-$COMPRESSION_LEVEL"; fi ;;
        xz) if [ "$(parallel_or pxz xz)" = pxz ]; then pxz "-$COMPRESSION_LEVEL" -T "$threads" -c; else xz "-$COMPRESSION_LEVEL"; fi ;;
        zstd) if [ "$USE_PARALLEL" = true ]; then zstd -q "-$COMPRESSION_LEVEL" "-T$threads"; else zstd -q "-$COMPRESSION_LEVEL"; fi ;;
        *) cat ;;
    esac
}

write_archive() {                                                  # temporary directory, stack
    local exclude=() pattern
    if [ "$(id -u)" -ne 0 ]; then
        "$ELEVATION_CMD" "$ELEVATION_HELPER_PATH" "$COMPRESSION_METHOD" "$1" "$APPDATA_PATH" "$2" "${EXCLUDE_PATTERNS[@]}"
        return
    fi
    for pattern in "${EXCLUDE_PATTERNS[@]}"; do exclude+=("--exclude=$pattern"); done
    tar -cf - "${exclude[@]}" -C "$1" . -C "$APPDATA_PATH" "$2" 2>>"$LOG_FILE" | compress
}

# --- Restart, with retries
restart_stack() {                                                  # name, path, services that ran before
    local name="$1" path="$2" attempt count
    shift 2
    for ((attempt = 1; attempt <= MAX_RESTART_ATTEMPTS; attempt++)); do
        log "  └─ Starting containers (attempt $attempt/$MAX_RESTART_ATTEMPTS)..."
        if (cd "$path" && docker compose up -d "$@") >>"$LOG_FILE" 2>&1; then
            sleep 2
            count=$(running_services "$path" | wc -l)
            if [ "$count" -eq $# ]; then log "     ✓ All containers started"; return 0; fi   # [D5] more is not equal
        fi
        log_warning "Container failed to start"
        if [ "$attempt" -lt "$MAX_RESTART_ATTEMPTS" ]; then
            log "  └─ Waiting ${RESTART_RETRY_DELAY}s before retry..."
            sleep "$RESTART_RETRY_DELAY"
        fi
    done
    log_error "Failed to restart stack after $MAX_RESTART_ATTEMPTS attempts"
    log_error "Stack: $name"
    log_error "Containers that should be running: $*"
    log_error "Manual intervention required!"
    log_error "To restart manually: cd $path && docker compose up -d $*"
    notify critical "CRITICAL: Stack Failed to Restart - $(hostname)" "⚠️  IMMEDIATE ACTION REQUIRED ⚠️

Stack: $name
Host: $(hostname)
Containers: $*

Manual restart command:
cd $path && docker compose up -d $*

Check logs:
$LOG_FILE"
    return 1
}

# --- Messages: kind (success, failure, critical), title, text
notify() {
    [ "$1" = success ] && [ "$NOTIFY_ON_SUCCESS" != true ] && return 0
    [ "$1" = failure ] && [ "$NOTIFY_ON_FAILURE" != true ] && return 0
    if [ "$NTFY_ENABLED" = true ]; then notify_ntfy "$@" || log_warning "ntfy notification failed"; fi
    if [ "$PUSHOVER_ENABLED" = true ]; then notify_pushover "$@" || log_warning "Pushover notification failed"; fi
    if [ "$EMAIL_ENABLED" = true ]; then notify_email "$@" || log_warning "Email notification failed"; fi
    if [ "$MATRIX_ENABLED" = true ]; then notify_matrix "$@" || log_warning "Matrix notification failed"; fi
    return 0
}

# Tokens go to curl by a pipe, not by its arguments.
notify_ntfy() {
    local priority="$NTFY_PRIORITY" tags=white_check_mark,backup
    [ "$NTFY_URGENT_ONLY" = true ] && [ "$1" != critical ] && return 0
    case "$1" in failure) priority=high tags=x,backup,warning ;; critical) priority=urgent tags=rotating_light,warning ;; esac
    curl -fsS -m 30 -K <([ -z "$NTFY_TOKEN" ] || echo "header = \"Authorization: Bearer $NTFY_TOKEN\"") \
        -H "Title: $2" -H "Priority: $priority" -H "Tags: $tags" -d "$3" "$NTFY_URL/$NTFY_TOPIC" >/dev/null
}

notify_pushover() {
    local priority="$PUSHOVER_PRIORITY"
    [ "$1" = success ] || priority=1
    curl -fsS -m 30 -K <(printf 'form-string = "token=%s"\nform-string = "user=%s"\n' "$PUSHOVER_API_TOKEN" "$PUSHOVER_USER_KEY") \
        --form-string "title=$2" --form-string "message=$3" --form-string "priority=$priority" \
        https://api.pushover.net/1/messages.json >/dev/null
}

notify_email() {
    local subject="$EMAIL_SUBJECT_PREFIX $2" scheme=smtp options=(--ssl-reqd) mail
    [ "$1" = critical ] && subject="$EMAIL_SUBJECT_PREFIX [CRITICAL] $2"
    mail=$(printf 'To: %s\nFrom: %s\nSubject: %s\nContent-Type: text/plain; charset=utf-8\n\n%s\n' "$EMAIL_TO" "$EMAIL_FROM" "$subject" "$3")
    if [ "$EMAIL_METHOD" = sendmail ]; then sendmail -t <<<"$mail"; return; fi
    [ "$SMTP_USE_TLS" = true ] || options=()
    [ "$SMTP_PORT" = 465 ] && scheme=smtps
    [ "$SMTP_INSECURE" = true ] && options+=(--insecure)
    curl -fsS -m 30 "${options[@]}" -K <([ -z "$SMTP_USER" ] || echo "user = \"$SMTP_USER:$SMTP_PASSWORD\"") \
        --mail-from "$EMAIL_FROM" --mail-rcpt "$EMAIL_TO" -T - "$scheme://$SMTP_SERVER:$SMTP_PORT" <<<"$mail"
}

notify_matrix() {
    local text
    text=$(printf '%s\n\n%s' "$2" "$3" | sed 's/\\/\\\\/g; s/"/\\"/g' | awk '{ printf "%s\\n", $0 }')
    curl -fsS -m 30 -X PUT -K <(echo "header = \"Authorization: Bearer $MATRIX_ACCESS_TOKEN\"") \
        -d "{\"msgtype\":\"m.text\",\"body\":\"$text\",\"format\":\"org.matrix.custom.html\",\"formatted_body\":\"<pre>$text</pre>\"}" \
        "$MATRIX_HOMESERVER/_matrix/client/v3/rooms/$MATRIX_ROOM_ID/send/m.room.message/$(date +%s%N)" >/dev/null
}

# --- Hooks
run_post_restart_hooks() {                                         # name, path
    local hook
    for hook in "${POST_RESTART_HOOKS[@]}"; do
        log "  └─ Running hook: $hook"
        "$hook" "$1" "$2" >>"$LOG_FILE" 2>&1 || log_warning "Hook failed: $hook"
    done
}

# --- Defaults, and the file that overrides them, which is run like any other code
load_config() {                                                    # directory of the scripts
    DOCKHAND_BASE=/opt/dockhand/stacks
    DOCKHAND_APPEND_HOSTNAME=true
    APPDATA_PATH=/mnt/datastor/appdata
    BACKUP_DEST=/mnt/backup/docker-backups
    COMPRESSION_METHOD=none; COMPRESSION_LEVEL=6; USE_PARALLEL=false; PARALLEL_THREADS=0
    EXCLUDE_PATTERNS=(); POST_RESTART_HOOKS=()
    ELEVATION_CMD=none; ELEVATION_HELPER_PATH=/usr/local/bin/docker-backup-tar-create.sh
    NOTIFY_ON_SUCCESS=true; NOTIFY_ON_FAILURE=true
    NTFY_ENABLED=false; NTFY_URL=https://ntfy.sh; NTFY_TOPIC=docker-backups; NTFY_PRIORITY=default; NTFY_TOKEN=""; NTFY_URGENT_ONLY=false
    PUSHOVER_ENABLED=false; PUSHOVER_USER_KEY=""; PUSHOVER_API_TOKEN=""; PUSHOVER_PRIORITY=0
    EMAIL_ENABLED=false; EMAIL_TO=""; EMAIL_FROM="docker-backup@$(hostname)"; EMAIL_SUBJECT_PREFIX="[Docker Backup]"; EMAIL_METHOD=sendmail
    SMTP_SERVER=smtp.gmail.com; SMTP_PORT=587; SMTP_USER=""; SMTP_PASSWORD=""; SMTP_USE_TLS=true; SMTP_INSECURE=false
    MATRIX_ENABLED=false; MATRIX_HOMESERVER=""; MATRIX_ACCESS_TOKEN=""; MATRIX_ROOM_ID=""
    # shellcheck source=/dev/null
    if [ -f "$1/config.sh" ]; then . "$1/config.sh"; fi
    STACKS_PATH="$DOCKHAND_BASE"
    [ "$DOCKHAND_APPEND_HOSTNAME" = true ] && STACKS_PATH="$DOCKHAND_BASE/$(hostname)"
    return 0
}
