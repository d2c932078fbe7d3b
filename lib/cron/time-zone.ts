import { describeFile, type Machine, readListed } from "#lib/cron/machine.ts";

/** The zone that cron and systemd go by: where /etc/localtime leads, else what /etc/timezone says, else UTC. */
export async function readTimeZone(machine: Machine): Promise<string> {
  const listed = await Promise.all(
    ["/etc/localtime", "/etc/timezone"].map((path) => describeFile(machine, path)),
  );
  const linked = /\/zoneinfo\/(.+)$/.exec(listed[0]?.target ?? "")?.[1];
  const written = listed[1] === undefined ? [] : await readListed(machine, [listed[1]], () => undefined);
  return [linked, written[0]?.text.trim()].find(isTimeZone) ?? "UTC";
}

function isTimeZone(name: string | undefined): name is string {
  if (name === undefined || name === "") return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
