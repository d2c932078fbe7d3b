/**
 * What is collected of a system's state, and how: what rebuilding a server needs. Who runs what when, which packages, how
 * services are configured, how it is connected. Nobody outside is asked, and no shadow file is taken.
 */

interface ItemBase {
  /** Name in the index, in the manifest and in SYSTEM_STATE_SKIP. */
  readonly id: string;
  /** What it is, for a person who reads the index. */
  readonly about: string;
}

export interface CommandItem extends ItemBase {
  readonly kind: "command";
  /** Name in the archive. */
  readonly file: string;
  readonly command: readonly [string, ...string[]];
}

export interface PathsItem extends ItemBase {
  readonly kind: "paths";
  /** Absolute; those that do not exist are passed over. In the archive below `files/`. */
  readonly paths: readonly string[];
}

export interface NamesItem extends ItemBase {
  /** Names of the variables of an env file, without any value. */
  readonly kind: "names";
  /** Name in the archive. */
  readonly file: string;
  readonly path: string;
}

export type SystemItem = CommandItem | PathsItem | NamesItem;

/** The items in the order of the index; with an application directory the names in its `.env` as well. */
export function listSystemItems(appDir: string | undefined): SystemItem[] {
  return [
    ...schedules,
    ...services,
    ...containers,
    ...packages,
    ...hostFacts,
    ...networkFacts,
    ...(appDir === undefined ? [] : [envNames(appDir)]),
  ];
}

function command(id: string, about: string, file: string, words: string | readonly string[]): CommandItem {
  const [program = "", ...args] = typeof words === "string" ? words.split(" ") : words;
  return { kind: "command", id, about, file, command: [program, ...args] };
}

function paths(id: string, about: string, list: string): PathsItem {
  return { kind: "paths", id, about, paths: list.split(" ") };
}

function envNames(appDir: string): NamesItem {
  const about = "Names of the variables in the application's .env";
  return { kind: "names", id: "env-names", about, file: "env-names.txt", path: `${appDir}/.env` };
}

const schedules: readonly SystemItem[] = [
  paths(
    "crontabs",
    "Crontabs of the system and of all users",
    "/var/spool/cron /etc/crontab /etc/anacrontab /etc/crontabs /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/periodic",
  ),
  paths("systemd-units", "Unit files made by the administrator", "/etc/systemd/system /etc/systemd/user"),
  command(
    "systemd-unit-files",
    "Unit files, and if enabled",
    "systemd-unit-files.txt",
    "systemctl list-unit-files",
  ),
  command(
    "systemd-services",
    "Services, and which are running",
    "systemd-services.txt",
    "systemctl list-units --type=service --all --full --plain",
  ),
  command("systemd-timers", "Timers", "systemd-timers.txt", "systemctl list-timers --all"),
  // On a new host this is needed first.
  paths("lastgood", "Configurations of these backups, passwords included", "/etc/lastgood"),
];

const services: readonly SystemItem[] = [
  paths("nginx", "nginx", "/etc/nginx"),
  paths("apache", "Apache", "/etc/apache2 /etc/httpd"),
  paths("caddy", "Caddy", "/etc/caddy"),
  paths("haproxy", "HAProxy", "/etc/haproxy"),
  paths(
    "php",
    "PHP, with its FPM pools",
    "/etc/php /etc/php-fpm.d /etc/php-fpm.conf /etc/php.ini /etc/php.d",
  ),
  command("php-version", "Version of PHP", "php-version.txt", "php --version"),
  command("php-modules", "Modules of PHP", "php-modules.txt", "php --modules"),
  paths("mysql", "MySQL or MariaDB", "/etc/mysql /etc/my.cnf /etc/my.cnf.d"),
  paths(
    "postgresql",
    "PostgreSQL",
    "/etc/postgresql /etc/postgresql-common /var/lib/pgsql/data/postgresql.conf /var/lib/pgsql/data/pg_hba.conf",
  ),
  paths("redis", "Redis or Valkey", "/etc/redis /etc/redis.conf /etc/valkey"),
  paths(
    "supervisor",
    "Programs kept running by supervisor",
    "/etc/supervisor /etc/supervisord.conf /etc/supervisord.d",
  ),
  paths(
    "mail",
    "How mail leaves this machine",
    "/etc/msmtprc /etc/aliases /etc/mailname /etc/postfix /etc/exim4",
  ),
  paths("ssh", "The ssh server, without host keys", "/etc/ssh/sshd_config /etc/ssh/sshd_config.d"),
  paths(
    "letsencrypt",
    "Renewal of certificates, without keys",
    "/etc/letsencrypt/renewal /etc/letsencrypt/renewal-hooks /etc/letsencrypt/cli.ini",
  ),
  paths("logrotate", "Rotation of logs", "/etc/logrotate.conf /etc/logrotate.d"),
];

const containers: readonly SystemItem[] = [
  paths("docker", "The docker daemon", "/etc/docker/daemon.json"),
  command("docker-containers", "Containers", "docker-containers.txt", "docker ps --all --no-trunc"),
  command("docker-images", "Images, with digests", "docker-images.txt", "docker images --digests"),
  command("docker-volumes", "Volumes", "docker-volumes.txt", "docker volume ls"),
  command("docker-networks", "Networks of docker", "docker-networks.txt", "docker network ls"),
];

const packages: readonly SystemItem[] = [
  command("packages", "Packages and their versions", "packages.txt", [
    "dpkg-query",
    "--show",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query expands these
    "--showformat=${binary:Package} ${Version} ${db:Status-Abbrev}\\n",
  ]),
  command("packages-chosen", "For dpkg --set-selections", "packages-chosen.txt", "dpkg --get-selections"),
  command("packages-manual", "Packages that were asked for", "packages-manual.txt", "apt-mark showmanual"),
  command("packages-held", "Packages held back", "packages-held.txt", "apt-mark showhold"),
  command("packages-rpm", "Packages of rpm", "packages-rpm.txt", "rpm --query --all"),
  command("packages-apk", "Packages of apk", "packages-apk.txt", "apk info --verbose"),
  paths(
    "package-sources",
    "Where packages come from, and the public keys that vouch for them",
    "/etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/preferences /etc/apt/preferences.d /etc/apt/apt.conf /etc/apt/apt.conf.d /etc/apt/keyrings /etc/apt/trusted.gpg.d /etc/yum.repos.d /etc/dnf /etc/apk",
  ),
];

const hostFacts: readonly SystemItem[] = [
  paths(
    "users",
    "Users, groups and who may become whom",
    "/etc/passwd /etc/group /etc/subuid /etc/subgid /etc/sudoers /etc/sudoers.d",
  ),
  paths(
    "host",
    "Names, time, language, kernel settings, defaults of services",
    "/etc/hostname /etc/hosts /etc/os-release /etc/timezone /etc/localtime /etc/locale.gen /etc/locale.conf /etc/default /etc/sysconfig /etc/sysctl.conf /etc/sysctl.d /etc/modules /etc/modules-load.d /etc/environment",
  ),
  paths("fstab", "File systems to mount, encrypt and export", "/etc/fstab /etc/crypttab /etc/exports"),
  command("kernel", "Kernel", "kernel.txt", "uname -a"),
  command("memory", "Memory and swap", "memory.txt", "free --mebi"),
  command("mounts", "What is mounted", "mounts.txt", "findmnt --list"),
  command(
    "disks",
    "Disks, partitions and their UUIDs",
    "disks.json",
    "lsblk --json --bytes --output=NAME,SIZE,TYPE,FSTYPE,LABEL,UUID,PARTUUID,MOUNTPOINT,MODEL,SERIAL",
  ),
  command("disk-space", "Space", "disk-space.txt", "df --print-type --local"),
];

const networkFacts: readonly SystemItem[] = [
  paths(
    "network",
    "Configuration of the network",
    "/etc/network /etc/netplan /etc/systemd/network /etc/systemd/resolved.conf /etc/NetworkManager /etc/resolv.conf",
  ),
  command("addresses", "Interfaces and addresses", "addresses.json", "ip -json address"),
  command("routes", "Routes", "routes.json", "ip -json route show table all"),
  command("routes-ipv6", "Routes of IPv6", "routes-ipv6.json", "ip -json -6 route show table all"),
  command(
    "listening",
    "Who listens where",
    "listening.txt",
    "ss --listening --tcp --udp --numeric --processes",
  ),
  command("firewall-nft", "Rules of nftables", "firewall-nft.txt", "nft list ruleset"),
  command("firewall-iptables", "Rules of iptables", "firewall-iptables.txt", "iptables-save"),
  command("firewall-ip6tables", "Rules of iptables for IPv6", "firewall-ip6tables.txt", "ip6tables-save"),
  paths("firewall", "Firewalls", "/etc/ufw /etc/nftables.conf /etc/iptables /etc/firewalld"),
];
