/** The files of a machine below a directory of the sandbox, for what reads and writes schedules by `--root`. */
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "#lib/cron/machine.ts";
import { createExec } from "#lib/tools/exec.ts";
import type { Sandbox } from "#test/support/sandbox.ts";

export interface MachineRoot {
  readonly root: string;
  readonly machine: Machine;
  readonly path: (path: string) => string;
  readonly read: (path: string) => string;
  /** Write a file of the machine, as root's. */
  readonly write: (path: string, text: string, mode?: number) => Promise<string>;
}

const directories = [
  "etc/cron.d",
  "etc/cron.hourly",
  "etc/cron.daily",
  "etc/cron.weekly",
  "etc/cron.monthly",
  "etc/lastgood",
  "etc/logrotate.d",
  "etc/systemd/system",
  "var/lib",
  "var/spool/cron/crontabs",
];

const debianCrontab = `SHELL=/bin/sh
# m h dom mon dow user  command
17 *    * * *   root    cd / && run-parts --report /etc/cron.hourly
25 6    * * *   root    test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }
47 6    * * 7   root    test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }
52 6    1 * *   root    test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.monthly; }
#
`;

/** As Debian installs it, with cron, in Berlin, with the users root and deploy and no job. */
export async function createMachineRoot(sandbox: Sandbox): Promise<MachineRoot> {
  const root = sandbox.path("machine");
  const path = (inside: string) => join(root, inside);
  for (const directory of directories) mkdirSync(path(directory), { recursive: true });
  chmodSync(path("etc/lastgood"), 0o700);
  const write: MachineRoot["write"] = (inside, text, mode) => sandbox.write(path(inside), text, mode);
  await write("/etc/crontab", debianCrontab);
  await write("/etc/timezone", "Europe/Berlin\n");
  await write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndeploy:x:1000:1000::/home/deploy:/bin/bash\n");
  await write("/usr/sbin/cron", "", 0o755);
  const exec = createExec({ PATH: sandbox.environment["PATH"] ?? "" });
  return {
    root,
    machine: { exec, root, timeoutMs: 20_000 },
    path,
    read: (inside) => readFileSync(path(inside), "utf8"),
    write,
  };
}

/** The schedule of the application backup as its outage found it: root's crontab and a file of cron.d start it. */
export const incident = {
  rootCrontab: `MAILTO=admin@example.org
0 3,11,19 * * * /var/www/api-gateway/scripts/backup-run.sh >> /var/log/backup-run.log 2>&1
*/30 * * * * /var/www/api-gateway/scripts/backup-health-check.sh
0 2 * * 0 find /var/backups/askproai -mtime +14 -delete
`,
  cronFile: `# three jobs
0 3 * * * root /var/www/api-gateway/scripts/backup-run.sh >> /var/log/backup-cron.log 2>&1
0 11 * * * root /var/www/api-gateway/scripts/backup-run.sh >> /var/log/backup-cron.log 2>&1
0 19 * * * root /var/www/api-gateway/scripts/backup-run.sh >> /var/log/backup-cron.log 2>&1
`,
};

export async function writeIncident({ write }: MachineRoot): Promise<void> {
  await write("/var/spool/cron/crontabs/root", incident.rootCrontab, 0o600);
  await write("/etc/cron.d/askproai-backups", incident.cronFile);
}
