#!/usr/bin/env bash
# What the legacy application backup does, step by step, written anew to be measured: an archive of the application, an
# archive of that archive, a hash, a second copy, a check of it. Both copies are synced, as ours are.
# Usage: legacy-backup.sh APP_DIR BACKUP_DIR SECOND_DIR
set -euo pipefail

app=$1 backups=$2 second=$3
name=backup-$(date +%Y%m%d_%H%M%S)
work=$backups/tmp/$name
mkdir -p "$work" "$second"
trap 'rm -rf "$work"' EXIT

for required in .env artisan composer.json composer.lock vendor node_modules; do
  [ -e "$app/$required" ] || { echo "Missing: $required" >&2; exit 1; }
done

tar -czf "$work/application.tar.gz" \
  --exclude='./storage/framework/cache/*' --exclude='./storage/framework/sessions/*' \
  --exclude='./storage/framework/views/*' --exclude='./storage/logs/*.log' --exclude='./.git' \
  -C "$app" . || [ $? -ne 2 ]
[ "$(stat -c %s "$work/application.tar.gz")" -ge $((100 * 1024 * 1024)) ] || { echo "Too small" >&2; exit 1; }
printf '{"backup_name": "%s", "components": ["application"]}\n' "$name" >"$work/MANIFEST.json"

tar -czf "$backups/$name.tar.gz" -C "$work" .
sum=$(sha256sum "$backups/$name.tar.gz" | cut -d' ' -f1)
printf '%s  %s\n' "$sum" "$backups/$name.tar.gz" >"$backups/$name.tar.gz.sha256"
sync "$backups/$name.tar.gz"

cp "$backups/$name.tar.gz" "$second/.$name.tar.gz.tmp"
printf '%s  %s\n' "$sum" "$second/.$name.tar.gz.tmp" | sha256sum --quiet -c -
mv "$second/.$name.tar.gz.tmp" "$second/$name.tar.gz"
cp "$backups/$name.tar.gz.sha256" "$second/"
sync "$second/$name.tar.gz"
