import { lookAt, type Machine, readListed } from "#lib/cron/machine.ts";

const linked = "/etc/localtime";
const written = "/etc/timezone";

/**
 * The zone that cron and systemd go by: where /etc/localtime leads, else what /etc/timezone says, else, of this machine, what
 * the runtime takes for it, else UTC.
 */
export async function readTimeZone(machine: Machine): Promise<string> {
  const look = await lookAt(machine, [
    { path: linked, depth: 0 },
    { path: written, depth: 0 },
  ]);
  const ofLink = /\/zoneinfo\/(.+)$/.exec(look.file(linked)?.target ?? "")?.[1];
  if (isTimeZone(ofLink)) return ofLink;
  const file = look.file(written);
  const [read] = file === undefined ? [] : await readListed(machine, [file], () => undefined);
  const ambient = machine.root === "/" ? new Intl.DateTimeFormat().resolvedOptions().timeZone : undefined;
  return [read?.text.trim(), ambient].find(isTimeZone) ?? "UTC";
}

function isTimeZone(name: string | undefined): name is string {
  if (name === undefined || name === "") return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
