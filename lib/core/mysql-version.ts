/** Versions of MySQL, MariaDB and their programs, in the words in which they tell them. */

export interface MysqlVersion {
  readonly isMariadb: boolean;
  readonly numbers: readonly [major: number, minor: number, patch: number];
}

/**
 * From `SELECT VERSION()` (`10.11.6-MariaDB-log`, `8.0.36`) or from `--version` of a program.
 *
 * A program may name two: `Ver 10.13 Distrib 5.7.42`. The one of three numbers is that of the server it came with.
 */
export function parseMysqlVersion(text: string): MysqlVersion {
  const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return {
    isMariadb: /mariadb/i.test(text),
    numbers: [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0)],
  };
}

export function isSince(version: MysqlVersion, major: number, minor: number, patch = 0): boolean {
  const [ownMajor, ownMinor, ownPatch] = version.numbers;
  if (ownMajor !== major) return ownMajor > major;
  return ownMinor === minor ? ownPatch >= patch : ownMinor > minor;
}
