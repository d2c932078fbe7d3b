/** The name of a host without its domain: `web1` of `Web1.example.org`. */
export function shortHostName(hostname: string): string {
  return (hostname.split(".")[0] ?? "").toLowerCase();
}
