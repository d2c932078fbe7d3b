import { describeFile, type Machine, readListed } from "#lib/cron/machine.ts";

/**
 * The zone that cron and systemd go by: where /etc/localtime leads, else what /etc/timezone says, else, of this machine, what
 * the runtime takes for it, else UTC.
 */
export async function readTimeZone(machine: Machine): Promise<string> {
  const listed = await Promise.all(
    ["/etc/localtime", "/etc/timezone"].map((path) => describeFile(machine, path)),
  );
  const linked = /\/zoneinfo\/(.+)$/.exec(listed[0]?.target ?? "")?.[1];
  const written = listed[1] === undefined ? [] : await readListed(machine, [listed[1]], () => undefined);
  const ambient = machine.root === "/" ? new Intl.DateTimeFormat().resolvedOptions().timeZone : undefined;
  return [linked, written[0]?.text.trim(), ambient].find(isTimeZone) ?? "UTC";
}

function isTimeZone(name: string | undefined): name is string {
  if (name === undefined || name === "") return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
