/** A word for a POSIX shell: whatever is in it means itself. */
export function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
