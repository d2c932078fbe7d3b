/** The units of the host for which the legacy orchestrator was written, each leaving a trace of when it ran. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "#test/support/sandbox.ts";
import { oneshot, type SystemdMachine } from "#test/support/systemd-machine.ts";

export const sanoid = "sanoid";
export const syncoids = ["books", "dispatcharr", "lidarr", "plex", "prowlarr", "radarr", "sonarr"].map(
  (name) => `syncoid-tank-${name}`,
);
export const pgbackrest = "pgbackrest-full-backup";
export const restics = ["dispatcharr", "lidarr", "plex", "prowlarr", "radarr", "sonarr"].map(
  (name) => `restic-backup-${name}`,
);
export const everyUnit = [sanoid, ...syncoids, pgbackrest, ...restics];

/** `commands` says what a unit does instead of succeeding at once; `more` adds to its section. */
export function defineUnits(
  machine: SystemdMachine,
  commands: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
): void {
  const unit = (name: string) => {
    const now = `date +%%s%%N >>/run/t/${name}`;
    return [
      `${name}.service`,
      oneshot(`${now}; ${commands[name] ?? "true"}; code=$$?; ${now}; exit $$code`, more[name]),
    ];
  };
  machine.units({
    ...Object.fromEntries(everyUnit.map(unit)),
    "syncoid-replication-info.service": oneshot("touch /run/t/utility"),
    "syncoid-target-reachability.service": oneshot("touch /run/t/utility"),
  });
}

/** Mount what the shipped stages ask for, with that much room. */
export function mountNas(
  machine: SystemdMachine,
  sizes: { readonly backup: string; readonly postgresql: string },
): void {
  for (const [name, size] of Object.entries(sizes)) {
    machine.shell(
      `umount /mnt/nas-${name} 2>/dev/null; mkdir -p /mnt/nas-${name} && mount -t tmpfs -o size=${size} tmpfs /mnt/nas-${name}`,
    );
  }
}

/** When each unit began and ended, in milliseconds; of those that have run. */
export function readTraces(
  machine: SystemdMachine,
): ReadonlyMap<string, readonly [began: number, ended: number]> {
  const lines = machine.shell("cd /run/t && grep -H . * 2>/dev/null || true").split("\n").filter(Boolean);
  const traces = new Map<string, [number, number]>();
  for (const line of lines) {
    const [name = "", time = ""] = line.split(":");
    const ms = Number(BigInt(time) / 1000n) / 1000;
    traces.set(name, [traces.get(name)?.[0] ?? ms, ms]);
  }
  return traces;
}

/** When each of these ran; one that did not at the beginning of all time. */
export function spansOf(
  machine: SystemdMachine,
  units: readonly string[],
): (readonly [began: number, ended: number])[] {
  const traces = readTraces(machine);
  return units.map((unit) => traces.get(unit) ?? ([0, 0] as const));
}

/** How many of these spans of time overlap at most. */
export function mostAtOnce(spans: readonly (readonly [began: number, ended: number])[]): number {
  return Math.max(...spans.map(([at]) => spans.filter(([began, ended]) => began <= at && at < ended).length));
}

/** The shipped stages with every timeout replaced, as a file of the machine. */
export function writeStages(machine: SystemdMachine, change: (text: string) => string): string {
  const shipped = readFileSync(join(projectDirectory, "examples/predeploy/stages.yaml"), "utf8");
  machine.write("/etc/lastgood/stages.yaml", change(shipped));
  return "/etc/lastgood/stages.yaml";
}
