import { expect, test } from "bun:test";
import { recogniseBackup, recogniseScript } from "#lib/core/backup-command.ts";
import { splitCommands } from "#lib/core/shell-words.ts";

test.each([
  ['a \'b c\' "d\\"e" f\\ g', [["a", "b c", 'd"e', "f g"]]],
  ["cd /x && ./y >> /log 2>&1 || true; z &", [["cd", "/x"], ["./y"], ["true"], ["z"]]],
  ["a | b >out 2>/dev/null c # d", [["a"], ["b", "c"]]],
  ["test -x /a || ( cd / && b )", [["test", "-x", "/a"], ["cd", "/"], ["b"]]],
  ["a 'unclosed", [["a", "'", "unclosed"]]],
  ["", []],
])("splitCommands() finds the words of %j", (line, commands) => {
  expect(splitCommands(line)).toEqual(commands);
});

test.each([
  ["/usr/local/bin/bun /opt/lastgood/scripts/backup-run.ts --config shop", "backup", "shop"],
  ["bun /opt/lastgood/scripts/backup-run.ts", "backup", "backup"],
  ["deno run -A /opt/lastgood/scripts/backup-run.ts -c=/etc/lastgood/x.env", "backup", "/etc/lastgood/x.env"],
  ["/opt/bun/bin/bun.exe /opt/lastgood/scripts/recover.ts", "recovery", "backup"],
  ["nice -n 19 flock -n /x.lock bun scripts/manual-backup.ts --config 'shop' --yes", "backup", "shop"],
  ["bun /opt/lastgood/scripts/restore.ts drill", "check", "backup"],
  ["bun /opt/lastgood/scripts/restore.ts drill --config shop --to /mnt/x", "check", "shop"],
  ["bun /opt/lastgood/scripts/health-check.ts --quiet", "check", undefined],
  ["bun /opt/lastgood/scripts/health-check.ts -c shop", "check", "shop"],
])("recogniseBackup() knows ours in %j", (line, role, config) => {
  expect(recogniseBackup(line)).toMatchObject({ role, config, lockFile: undefined });
});

test.each([
  "/var/www/api-gateway/scripts/backup-run.sh >> /var/log/backup-run.log 2>&1",
  "cd /var/www/api-gateway && ./scripts/backup-run.sh",
  "flock -n /tmp/x bash -c 'cd /x; TIER=daily backup-run.sh --now'",
  'su - deploy -c "/x/backup-run.sh"',
  "TZ=Europe/Berlin ionice -c3 nice /x/backup-run.sh",
  "test -x /x/backup-run.sh && /x/backup-run.sh",
])("recogniseBackup() knows the legacy script, and its lock, in %j", (line) => {
  expect(recogniseBackup(line)).toMatchObject({
    role: "backup",
    program: "backup-run.sh",
    lockFile: "/var/lock/backup-run.lock",
  });
});

test.each([
  "cat /x/backup-run.sh",
  "find /var/backups -mtime +14 -delete",
  "bun /opt/lastgood/scripts/backup-run.ts --dry-run",
  "bun /opt/lastgood/scripts/backup-run.ts --check-config",
  "bun /opt/lastgood/scripts/restore.ts list --config drills",
  "bun /opt/lastgood/scripts/restore.ts verify --all",
  "flock -n /run/backup true",
  "rm -f /var/lock/backup-run.lock",
  "/usr/libexec/dpkg/dpkg-db-backup",
  "run-parts /etc/cron.daily",
])("recogniseBackup() takes %j for none", (line) => {
  const found = recogniseBackup(line);
  expect(found === undefined || found.program === "backup").toBe(true);
});

test("recogniseBackup() shows what others do, apart by what they back up", () => {
  const [home, srv] = ["restic backup /home", "/usr/bin/restic backup /srv"].map(recogniseBackup);
  expect(home).toMatchObject({ role: "foreign", identity: "restic backup /home" });
  expect(srv?.identity).toBe("restic backup /srv");
});

test("recogniseBackup() keeps apart what only variables tell apart, and knows a dump for a backup", () => {
  const identities = ["restic backup $HOME", "restic backup $SRV"].map(
    (line) => recogniseBackup(line)?.identity,
  );
  expect(new Set(identities).size).toBe(2);
  expect(recogniseBackup("pg_dumpall | gzip > /srv/all.gz")).toMatchObject({
    role: "foreign",
    program: "pg_dumpall",
  });
});

test("recogniseBackup() prefers ours where a line has both", () => {
  expect(recogniseBackup("restic backup / && /x/backup-run.sh")?.program).toBe("backup-run.sh");
});

test("recogniseScript() looks into a script, past its comments, and at its name", () => {
  expect(
    recogniseScript("/etc/cron.daily/nightly", "#!/bin/sh\n# backup-run.sh\nexec /x/backup-run.sh \\\n  -q\n")
      ?.program,
  ).toBe("backup-run.sh");
  expect(recogniseScript("/etc/cron.daily/proxmox-backup", "#!/bin/sh\nset -e\n")?.program).toBe(
    "proxmox-backup",
  );
  expect(recogniseScript("/etc/cron.daily/dpkg", "#!/bin/sh\n# restic\nexit 0\n")).toBeUndefined();
});
