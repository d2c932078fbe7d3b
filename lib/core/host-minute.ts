/**
 * A minute of the hour for a host and a job: the same at each call, different between hosts, so that a hundred of them do
 * not knock at one store in the same second. `H` in the minute field of a schedule asks for it.
 */
export function hostMinute(host: string, job: string): number {
  // FNV-1a, whose low bits spread well over short names.
  let hash = 0x811c9dc5;
  for (const character of `${host}/${job}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash % 60;
}
