/** Longest name in bytes that every server takes. */
const longestBytes = 63;

/** Some servers cut a name that is longer, without a word to whoever asked for it. */
export function isTooLong(database: string): boolean {
  return new TextEncoder().encode(database).length > longestBytes;
}

/** A name for a database beside another: the beginning of its own, and `suffix`. No character is cut in two. Pure. */
export function nameBeside(database: string, suffix: string): string {
  const encoder = new TextEncoder();
  const room = longestBytes - encoder.encode(suffix).length;
  let kept = "";
  for (const character of database) {
    if (encoder.encode(kept + character).length > room) break;
    kept += character;
  }
  return kept + suffix;
}
