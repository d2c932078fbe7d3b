#!/bin/bash
# Copy to config.sh and edit. It is run by the scripts as a part of them.

# --- Where the stacks are: DOCKHAND_BASE/<hostname>/<stack>, or DOCKHAND_BASE/<stack> with false
DOCKHAND_BASE="/opt/dockhand/stacks"
DOCKHAND_APPEND_HOSTNAME=true
APPDATA_PATH="/mnt/datastor/appdata"

# --- Where the backups go; backup-verify.sh, cleanup-old-backups.sh and the restore read BACKUP_BASE instead
BACKUP_DEST="/mnt/backup/docker-backups"
LOG_FILE="/var/log/docker-backup.log"

# --- Compression: none, gzip, bzip2, xz, zstd
COMPRESSION_METHOD="none"
COMPRESSION_LEVEL=6
USE_PARALLEL=false
PARALLEL_THREADS=0
EXCLUDE_PATTERNS=(
    "*.log"
    "*/cache/*"      # anywhere
    '*.tmp'
)

# --- Restart
MAX_RESTART_ATTEMPTS=3
RESTART_RETRY_DELAY=5
POST_RESTART_HOOKS=()

# --- Without root
ELEVATION_CMD="none"
ELEVATION_HELPER_PATH="/usr/local/bin/docker-backup-tar-create.sh"

# --- Messages
NOTIFY_ON_SUCCESS=true
NOTIFY_ON_FAILURE=true

NTFY_ENABLED=false
NTFY_URL="https://ntfy.sh"
NTFY_TOPIC="docker-backups"
NTFY_PRIORITY="default"
NTFY_TOKEN=""
NTFY_URGENT_ONLY=false

PUSHOVER_ENABLED=false
PUSHOVER_USER_KEY=""
PUSHOVER_API_TOKEN=""
PUSHOVER_PRIORITY=0

EMAIL_ENABLED=false
EMAIL_TO="admin@example.org"
EMAIL_FROM="docker-backup@$(hostname)"
EMAIL_SUBJECT_PREFIX="[Docker Backup]"
EMAIL_METHOD="sendmail"
SMTP_SERVER="smtp.gmail.com"
SMTP_PORT=587
SMTP_USER=""
SMTP_PASSWORD=""
SMTP_USE_TLS=true
SMTP_INSECURE=false

MATRIX_ENABLED=false
MATRIX_HOMESERVER="https://matrix.example.org"
MATRIX_ACCESS_TOKEN=""
MATRIX_ROOM_ID=""
