/** What find(1) and sed(1) are asked to print of files, and what it says. A zero byte ends each value: no name has one. */

export interface FileFacts {
  /** `f`, `d`, `l`, … */
  readonly type: string;
  readonly uid: number;
  readonly mode: number;
  readonly linkCount: number;
  readonly sizeBytes: number;
}

export const factsFormat = "%y\\0%U\\0%m\\0%n\\0%s\\0";
export const factColumns = 5;

export function parseFacts([type = "", uid, mode = "", linkCount, size]: readonly string[]): FileFacts {
  return {
    type,
    uid: Number(uid),
    mode: Number.parseInt(mode, 8),
    linkCount: Number(linkCount),
    sizeBytes: Number(size),
  };
}

/** Values by so many. */
export function rowsOf(stdout: string, columns: number): readonly (readonly string[])[] {
  const values = stdout.split("\0");
  const count = Math.floor(values.length / columns);
  return Array.from({ length: count }, (_, row) => values.slice(row * columns, (row + 1) * columns));
}

/** No crontab and no unit is larger. */
const maxBytes = 1024 * 1024;

/** Why a file is not to be read: a pipe would never end, and neither would a device, were it read. */
export function refusalOf({ type, sizeBytes }: FileFacts): string | undefined {
  // A unit is masked by a link to /dev/null: whoever finds a device takes it for empty.
  if (type === "c") return undefined;
  if (type === "l") return "No such file or directory";
  if (type === "d") return "Is a directory";
  if (type !== "f") return "it is no file";
  return sizeBytes > maxBytes ? "too large" : undefined;
}

/** For each piece of a file, which ends with a zero byte or with the file, prints the file's name and the piece; of an empty file nothing. */
export const textsProgram = ["sed", "--separate", "--zero-terminated", "F", "--"] as const;

/** Texts by the names that the program was given. */
export function parseTexts(stdout: string): ReadonlyMap<string, string> {
  const values = stdout.split("\0");
  const texts = new Map<string, string>();
  for (let index = 0; index + 1 < values.length; index += 2) {
    const [name = "", piece = ""] = values.slice(index, index + 2);
    texts.set(name, (texts.get(name) ?? "") + piece);
  }
  return texts;
}
