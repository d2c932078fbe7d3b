/**
 * What is collected of a system's state, and how. What rebuilding a server needs: who runs what when, which packages, how
 * services are configured, how it is connected. Nobody outside is asked, and no private key is taken.
 */

interface CommandItem {
  readonly kind: "command";
  readonly id: string;
  /** Name in the archive. */
  readonly file: string;
  readonly command: readonly [string, ...string[]];
}

interface PathsItem {
  readonly kind: "paths";
  readonly id: string;
  /** Absolute; those that do not exist are passed over. In the archive below `files/`. */
  readonly paths: readonly string[];
}

interface NamesItem {
  /** Names of the variables of an env file, without any value. */
  readonly kind: "names";
  readonly id: string;
  readonly file: string;
  readonly path: string;
}

export type SystemItem = CommandItem | PathsItem | NamesItem;

const command = (id: string, file: string, ...words: readonly [string, ...string[]]): CommandItem => ({
  kind: "command",
  id,
  file,
  command: words,
});
const paths = (id: string, ...list: readonly string[]): PathsItem => ({ kind: "paths", id, paths: list });

const periods = ["hourly", "daily", "weekly", "monthly"].map((period) => `/etc/cron.${period}`);

/** The items in the order of the index; with an application directory the names in its `.env` as well. */
export function listSystemItems(appDir: string | undefined): SystemItem[] {
  return [
    paths("crontabs", "/var/spool/cron", "/etc/crontab", "/etc/cron.d", ...periods),
    paths("nginx", "/etc/nginx"),
    paths("apache", "/etc/apache2", "/etc/httpd"),
    paths("php", "/etc/php", "/etc/php-fpm.d", "/etc/php.ini"),
    command("php-modules", "php-modules.txt", "php", "-m"),
    paths("mysql", "/etc/mysql", "/etc/my.cnf", "/etc/my.cnf.d"),
    paths("postgresql", "/etc/postgresql"),
    paths("redis", "/etc/redis"),
    paths("ssh", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"),
    paths("letsencrypt", "/etc/letsencrypt/renewal", "/etc/letsencrypt/cli.ini"),
    paths("docker", "/etc/docker/daemon.json"),
    command("docker-containers", "docker-containers.txt", "docker", "ps", "--all", "--no-trunc"),
    command("docker-images", "docker-images.txt", "docker", "images", "--digests"),
    command("docker-volumes", "docker-volumes.txt", "docker", "volume", "ls"),
    command("docker-networks", "docker-networks.txt", "docker", "network", "ls"),
    paths("systemd-units", "/etc/systemd/system", "/etc/systemd/user"),
    command("systemd-unit-files", "systemd-unit-files.txt", "systemctl", "list-unit-files", "--no-pager"),
    command("systemd-timers", "systemd-timers.txt", "systemctl", "list-timers", "--all", "--no-pager"),
    command(
      "packages",
      "packages.txt",
      "dpkg-query",
      "--show",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query expands these
      "--showformat=${binary:Package} ${Version} ${db:Status-Abbrev}\\n",
    ),
    command("packages-chosen", "packages-chosen.txt", "dpkg", "--get-selections"),
    command("packages-manual", "packages-manual.txt", "apt-mark", "showmanual"),
    command("packages-held", "packages-held.txt", "apt-mark", "showhold"),
    command("packages-rpm", "packages-rpm.txt", "rpm", "--query", "--all"),
    command("packages-apk", "packages-apk.txt", "apk", "info", "--verbose"),
    paths(
      "package-sources",
      "/etc/apt/sources.list",
      "/etc/apt/sources.list.d",
      "/etc/apt/preferences.d",
      "/etc/yum.repos.d",
    ),
    paths(
      "users",
      "/etc/passwd",
      "/etc/group",
      "/etc/subuid",
      "/etc/subgid",
      "/etc/sudoers",
      "/etc/sudoers.d",
    ),
    paths(
      "host",
      "/etc/hostname",
      "/etc/hosts",
      "/etc/os-release",
      "/etc/timezone",
      "/etc/locale.gen",
      "/etc/default",
      "/etc/sysctl.conf",
      "/etc/sysctl.d",
      "/etc/environment",
    ),
    command("kernel", "kernel.txt", "uname", "-a"),
    command("memory", "memory.txt", "free", "--mebi"),
    paths("network", "/etc/network", "/etc/netplan", "/etc/systemd/network", "/etc/resolv.conf"),
    command("addresses", "addresses.txt", "ip", "address"),
    command("routes", "routes.txt", "ip", "route", "show", "table", "all"),
    command("listening", "listening.txt", "ss", "--listening", "--tcp", "--udp", "--numeric", "--processes"),
    command("firewall-nft", "firewall-nft.txt", "nft", "list", "ruleset"),
    command("firewall-iptables", "firewall-iptables.txt", "iptables-save"),
    paths("firewall-ufw", "/etc/ufw"),
    paths("fstab", "/etc/fstab", "/etc/crypttab", "/etc/exports"),
    command("mounts", "mounts.txt", "findmnt", "--list"),
    command("disks", "disks.txt", "lsblk", "--output=NAME,SIZE,TYPE,FSTYPE,UUID,MOUNTPOINTS"),
    command("disk-space", "disk-space.txt", "df", "--print-type", "--local"),
    ...(appDir === undefined
      ? []
      : [{ kind: "names", id: "env-names", file: "env-names.txt", path: `${appDir}/.env` } as const]),
  ];
}

/** Never taken, wherever they lie: who gets the backup must not get the server. */
export const keyPatterns = [
  "*.key",
  "*.pem",
  "*private*",
  "ssl-cert-snakeoil*",
  "ssh_host_*",
  "id_*",
] as const;

/** Names of the variables of an env file, in order; no part of a value ever, one of several lines included. */
export function readEnvNames(text: string): string[] {
  const names: string[] = [];
  let quote = "";
  for (const line of text.split("\n")) {
    if (quote !== "") {
      if (closes(line, quote)) quote = "";
      continue;
    }
    const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    names.push(name);
    const first = /^["'`]/.exec(value)?.[0] ?? "";
    if (first !== "" && !closes(value.slice(1), first)) quote = first;
  }
  return names;
}

/** Whether a quote that is open ends in this text. */
function closes(text: string, quote: string): boolean {
  return text.replaceAll(/\\./g, "").includes(quote);
}
