#!/usr/bin/env bash
# Install the real programs that the tests run: packages of Debian 12, and from Debian 13, unpacked, what 12 lacks.
#
# Safe to run again and at the same time. A machine that it cannot change (not root, not Debian) is told what is missing
# and left alone, so that the tests name what they skip; under CI=true that is a failure.
set -euo pipefail

parts=${LASTGOOD_PARTS:-/var/cache/lastgood-parts}

# A program that the package brings, and the package.
needed=(
  "zstd zstd" "setfacl acl" "setfattr attr" "cron cron" "mkfs.ext4 e2fsprogs" "mkfs.btrfs btrfs-progs"
  "mkfs.xfs xfsprogs" "xz xz-utils" "pigz pigz"
  "bsdtar libarchive-tools" "busybox busybox-static" "faketime faketime" "msmtp msmtp" "shellcheck shellcheck"
  "flock util-linux" "ps procps" "openssl openssl" "git git" "sqlite3 sqlite3"
  "psql postgresql-client" "initdb postgresql" "mariadbd mariadb-server" "mariadb-dump mariadb-client"
  "sshd openssh-server" "ssh openssh-client" "rclone rclone" "dockerd docker.io" "debootstrap debootstrap"
  "systemd-analyze systemd" "logrotate logrotate" "chromium chromium"
)

# From Debian 13: the package, and the program that is taken out of it into `bin`.
unpacked=("ntfy usr/bin/ntfy" "docker-compose usr/libexec/docker/cli-plugins/docker-compose" "promtool usr/bin/promtool")

# Also from Debian 13: a server of PostgreSQL that this machine's pg_dump is too old for. It runs in a container, with these as its
# /usr, since it needs a newer C library as well.
newer_postgres=(
  postgresql-17 postgresql-client-17 libpq5 libreadline8t64 libtinfo6 libc6 libgcc-s1 libstdc++6 libicu76 libxml2 libssl3t64
  libzstd1 liblz4-1 zlib1g liblzma5 libxxhash0 libpam0g libaudit1 libcap-ng0 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libcom-err2
  libkrb5support0 libkeyutils1 libldap2 libsasl2-2 libsystemd0 libcap2 libselinux1 libpcre2-8-0 libnuma1 liburing2 tzdata
  busybox-static
)

# A whole Debian 13 in one archive: the root of containers that run systemd.
machine=$parts/systemd-13.tar
machine_packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,openssh-server,openssh-client,procps

say() { printf '%s\n' "$*" >&2; }

# Debian keeps the programs of a PostgreSQL server where no PATH leads.
is_here() {
  local servers
  servers=$(printf ':%s' /usr/lib/postgresql/*/bin)
  PATH="$PATH:/usr/sbin:/sbin$servers" command -v "$1" >/dev/null 2>&1
}

missing_packages() {
  local entry
  for entry in "${needed[@]}"; do
    is_here "${entry% *}" || printf '%s\n' "${entry#* }"
  done
}

missing_unpacked() {
  local entry
  for entry in "${unpacked[@]}"; do
    [ -x "$parts/bin/${entry##*/}" ] || printf '%s\n' "${entry% *}"
  done
}

is_newer_postgres_here() { [ -x "$parts/postgresql-17/usr/bin/env" ]; }

# This machine may not be changed: name what is missing.
leave_alone() {
  local missing
  missing=$(printf '%s\n' "$(missing_packages)" "$(missing_unpacked)" "$(is_newer_postgres_here || echo postgresql-17)" "$([ -s "$machine" ] || echo "${machine##*/}")" | sed '/^$/d' | paste -sd' ')
  [ -n "$missing" ] || exit 0
  say "Missing for the tests: $missing. Not installed: $1."
  [ "${CI:-}" = true ] && exit 1
  exit 0
}

# The archive that this machine already uses.
debian_mirror() {
  local file=/etc/apt/sources.list.d/debian.sources
  if [ -r "$file" ]; then
    awk '$1 == "URIs:" { print $2; exit }' "$file"
  else
    awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\/\//) { print $i; exit } }' /etc/apt/sources.list
  fi
}

update_lists() { apt-get -qq update || say "Some package lists could not be fetched; going on with those that are there"; }

no_cluster=/etc/postgresql-common/createcluster.d/lastgood-tests.conf

policy=/usr/sbin/policy-rc.d

# The tests start servers of their own: a package must not start one more.
start_no_service() {
  [ -e "$policy" ] && return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  made_policy=true
}

# Debian's package of PostgreSQL would make a cluster as well.
create_no_cluster() {
  mkdir -p "${no_cluster%/*}"
  printf 'create_main_cluster = false\n' >"$no_cluster"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "Installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  [[ " ${missing[*]} " != *" postgresql "* ]] || create_no_cluster
  start_no_service
  update_lists
  apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

clean_up() { rm -rf "$no_cluster" ${made_policy:+"$policy"} ${work:+"$work"}; }

# By a package list of its own, so that the machine itself stays on its release: run apt-get in `work`.
from_debian_13() {
  local mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || { say "No mirror of Debian found in /etc/apt"; return 1; }
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" >"$work/trixie.list"
  (cd "$work" && apt-get -qq -o "Dir::Etc::sourcelist=$work/trixie.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root "$@")
}

unpack_missing() {
  local missing packages entry
  mapfile -t missing < <(missing_unpacked)
  packages=("${missing[@]}")
  is_newer_postgres_here || packages+=("${newer_postgres[@]}")
  [ "${#packages[@]}" -gt 0 ] || return 0
  say "Unpacking: ${packages[*]}"
  work=$(mktemp -d "$parts/.unpack-XXXXXX")
  mkdir -p "$work/root" "$parts/bin"
  from_debian_13 update
  from_debian_13 download "${packages[@]}"
  for entry in "${unpacked[@]}"; do
    [[ " ${missing[*]} " == *" ${entry% *} "* ]] || continue
    dpkg -x "$work/${entry% *}"_*.deb "$work/root"
    mv "$work/root/${entry#* }" "$parts/bin/${entry##*/}"
  done
  is_newer_postgres_here || unpack_newer_postgres
}

unpack_newer_postgres() {
  local package applet
  for package in "${newer_postgres[@]}"; do dpkg -x "$work/$package"_*.deb "$work/newer"; done
  for applet in sh env; do ln -s busybox "$work/newer/usr/bin/$applet"; done
  rm -rf "$work"/newer/usr/share/{doc,man,locale} "$work"/newer/usr/lib/postgresql/17/lib/bitcode
  rm -rf "$parts/postgresql-17"
  mv "$work/newer" "$parts/postgresql-17"
}

make_machine() {
  [ -s "$machine" ] && return 0
  say "Making: ${machine##*/}"
  work=${work:-$(mktemp -d "$parts/.unpack-XXXXXX")}
  debootstrap --variant=minbase --include="$machine_packages" trixie "$work/machine" "$(debian_mirror)" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; return 1; }
  rm -rf "$work"/machine/var/cache/apt/* "$work"/machine/var/lib/apt/lists/* "$work"/machine/usr/share/{doc,man,locale}
  # Every host has keys and an id of its own.
  rm -f "$work"/machine/etc/ssh/ssh_host_* "$work"/machine/etc/machine-id
  tar -C "$work/machine" -cf "$work/machine.tar" .
  mv "$work/machine.tar" "$machine"
}

[ -r /etc/debian_version ] || leave_alone "this is not Debian"
[ "$(id -u)" = 0 ] || leave_alone "this needs root"

mkdir -p "$parts"
exec 9>"$parts/.lock"
flock 9

trap clean_up EXIT

# Without the lock: a service that a package starts would hold it for ever.
install_packages 9>&-
unpack_missing 9>&-
make_machine 9>&-
[ -z "$(missing_packages)" ] || { say "Still missing after the installation: $(missing_packages | paste -sd' ')"; exit 1; }
