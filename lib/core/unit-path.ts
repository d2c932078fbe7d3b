const base = "/org/freedesktop/systemd1/unit/";

/** The unit that an object of systemd is; undefined for every other object. */
export function unitOfPath(path: string): string | undefined {
  if (!path.startsWith(base)) return undefined;
  return decodeURIComponent(path.slice(base.length).replaceAll("%", "%25").replaceAll("_", "%"));
}
