#!/usr/bin/env bash
# The legacy orchestrator of backups before a deployment, as its documents describe it: preflight, Sanoid, Syncoid,
# pgBackRest, Restic, report. Written anew for comparison; [D1] to [D12] mark defects that it is known for.
# Nothing here is meant to be used: MAP.md says where each line went, DIFFERENCES.md what is done otherwise and why.
set -euo pipefail

red='\033[0;31m' green='\033[0;32m' yellow='\033[1;33m' plain='\033[0m'
info() { echo -e "${green}[INFO]${plain} $1"; }
warn() { echo -e "${yellow}[WARN]${plain} $1"; }
fail() { echo -e "${red}[ERROR]${plain} $1"; }
stage() { info "========================================="; info "$1"; info "========================================="; }

# --- Room, of whatever file system the path happens to lie on                               [D1] not whether it is mounted
has_room() {
  local path=$1 needed=$2 free
  free=$(df -BG "$path" | tail -1 | awk '{print $4}' | sed 's/G//')                          # [D2] rounded up to the next GiB
  if [ "$free" -lt "$needed" ]; then
    fail "Insufficient space on $path: ${free}GB available, need ${needed}GB"
    return 1
  fi
  info "Disk space check passed: $path has ${free}GB available"
}

# --- [D3] a oneshot unit that runs is "activating", which is-active calls inactive: it is never seen to run
is_idle() { ! systemctl is-active --quiet "$1"; }

declare -A failed ok late skipped

# --- Command line                                                       [D4] a mistake in it exits like a partial failure
dry=false
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry=true ;;
    -v | --verbose) ;;
    *) echo "Unknown option: $1"; exit 1 ;;
  esac
  shift
done

# --- Stage 0
stage "Stage 0: Pre-Flight Checks"
if $dry; then
  info "[DRY RUN] Would check disk space on /mnt/nas-backup and /mnt/nas-postgresql"
else
  has_room /mnt/nas-backup 50 || { fail "Pre-flight check failed: insufficient space on nas-backup"; exit 2; }
  has_room /mnt/nas-postgresql 20 || { fail "Pre-flight check failed: insufficient space on nas-postgresql"; exit 2; }
  info "Pre-flight checks passed"
fi

# --- Wait while a unit is active, then stop it                    [D5] for a oneshot this begins when everything is over
wait_active() {
  local unit=$1 limit=$2 step=$3 waited=0
  while systemctl is-active --quiet "$unit"; do
    sleep "$step"
    waited=$((waited + step))
    if [ "$waited" -ge "$limit" ]; then
      warn "$unit timed out after ${limit}s"
      systemctl stop "$unit" 2>/dev/null || true
      late[$unit]=1
      break
    fi
  done
}

# --- The last result of a unit, of whichever run that was                       [D6] that of an earlier one, if need be
judge() {
  local unit=$1 result
  result=$(systemctl show -p Result --value "$unit")
  if [ "$result" != success ]; then
    warn "$unit failed with result: $result"
    failed[$unit]=$result
  else
    ok[$unit]=1
  fi
}

# --- One unit alone: `start` blocks until it has ended, and its failure ends this script      [D7] "warning only" included
run_alone() {
  local unit=$1 limit=$2 step=$3
  if ! is_idle "$unit"; then
    warn "$unit already running - skipping"
    skipped[$unit]=already-running
    return 0
  fi
  info "Starting $unit..."
  systemctl start "$unit"
  wait_active "$unit" "$limit" "$step"
  judge "$unit"
}

# --- Units that are loaded: one without a timer that does not run is not                                   [D8] not found
find_units() { systemctl list-units --all --type=service "$1" --no-pager --plain | awk '{print $1}' | grep -E "$2" || true; }

stage "Stage 1: Creating ZFS snapshots (Sanoid)"
if $dry; then
  info "[DRY RUN] Would start: sanoid.service"
else
  run_alone sanoid.service 300 2
fi

stage "Stage 2: ZFS Replication (Syncoid)"
mapfile -t syncoid < <(find_units 'syncoid-*.service' '^syncoid-.*\.service$' | grep -v 'replication-info\|target-reachability')
info "Found ${#syncoid[@]} Syncoid replication jobs"
declare -A pids
if $dry; then
  for unit in "${syncoid[@]}"; do info "[DRY RUN] Would start: $unit"; done
else
  for unit in "${syncoid[@]}"; do
    if ! is_idle "$unit"; then
      warn "$unit already running - skipping"
      skipped[$unit]=already-running
      continue
    fi
    info "Starting $unit..."
    systemctl start "$unit" &
    pids[$unit]=$!
  done
  for unit in "${!pids[@]}"; do
    wait_active "$unit" 1800 5
    # [D9] a key that is not there: "unbound variable", and the end
    if [ -z "${late[$unit]}" ]; then judge "$unit"; fi
  done
  info "Stage 2 complete"
fi

stage "Stage 3a: PostgreSQL backup (pgBackRest)"
if $dry; then
  info "[DRY RUN] Would start: pgbackrest-full-backup.service"
else
  run_alone pgbackrest-full-backup.service 3600 5
fi

stage "Stage 3b: Application backups (Restic)"
mapfile -t restic < <(find_units 'restic-backup-*.service' '^restic-backup-.*\.service$')
info "Found ${#restic[@]} Restic backup services"
if $dry; then
  for unit in "${restic[@]}"; do info "[DRY RUN] Would start: $unit (limited to 3 concurrent)"; done
else
  active=()
  for unit in "${restic[@]}"; do
    if ! is_idle "$unit"; then
      warn "$unit already running - skipping"
      skipped[$unit]=already-running
      continue
    fi
    while [ ${#active[@]} -ge 3 ]; do
      for at in "${!active[@]}"; do
        is_idle "${active[$at]}" && unset "active[$at]"
      done
      active=("${active[@]}")
      if [ ${#active[@]} -ge 3 ]; then sleep 5; fi
    done
    info "Starting $unit (${#active[@]}/3 active)..."
    systemctl start "$unit"                                            # [D10] one after another: each start waits for the end
    active+=("$unit")
  done
  for unit in "${restic[@]}"; do
    if [ -n "${skipped[$unit]}" ]; then continue; fi
    wait_active "$unit" 2700 5
    judge "$unit"
  done
  info "Stage 3 complete"
fi

stage "Stage 4: Verification and Final Report"
# [D11] an array that nothing was ever put into is "unbound" as well: without a failure this is the end
info "Total services: $((${#ok[@]} + ${#failed[@]} + ${#late[@]} + ${#skipped[@]}))"
info "Successful: ${#ok[@]}"
info "Failed: ${#failed[@]}"
info "Timed out: ${#late[@]}"
info "Skipped (already running): ${#skipped[@]}"
if [ ${#skipped[@]} -gt 0 ]; then
  warn "Skipped services (already running from timers):"
  for unit in "${!skipped[@]}"; do warn "  - $unit"; done
fi
if [ ${#failed[@]} -gt 0 ]; then
  fail "Failed services:"
  for unit in "${!failed[@]}"; do fail "  - $unit: ${failed[$unit]}"; done
fi
if [ ${#late[@]} -gt 0 ]; then
  fail "Timed out services:"
  for unit in "${!late[@]}"; do fail "  - $unit"; done
fi
executed=$((${#ok[@]} + ${#failed[@]} + ${#late[@]}))
bad=$((${#failed[@]} + ${#late[@]}))
rate=0
if [ "$executed" -gt 0 ]; then rate=$((bad * 100 / executed)); fi
if [ "$bad" -eq 0 ]; then
  info "All backups completed successfully!"                                    # [D12] also when nothing was executed at all
  exit 0
elif [ "$rate" -gt 50 ]; then
  fail "CRITICAL: More than 50% of backups failed (${rate}%)"
  exit 2
else
  warn "Partial failure: ${rate}% of backups did not complete successfully"
  warn "This is within acceptable threshold for deployment"
  exit 1
fi
