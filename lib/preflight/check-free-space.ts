import type { Finding } from "#lib/core/report.ts";
import { formatBytes } from "#lib/core/size.ts";
import { askSpace, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

export interface SpaceNeed {
  readonly minFreeBytes: number;
  readonly minFreePercent: number;
  /** Size of the last set here, if there is one: the next is expected to need a fifth more. */
  readonly lastSetBytes: number | undefined;
}

const growth = 1.2;

/** Whether the file system that will be written has room: the setting's minimum and the last set's size × 1.2. */
export async function checkFreeSpace(
  asker: FileSystemAsker,
  path: string,
  need: SpaceNeed,
): Promise<Finding> {
  const name = "free space";
  const space = await askSpace(asker, path);
  if (!space.ok)
    return { name, passed: false, message: `Cannot ask for free space on "${path}": ${space.reason}` };
  const { freeBytes, totalBytes } = space.value;
  const expected = Math.ceil((need.lastSetBytes ?? 0) * growth);
  const required = Math.max(need.minFreeBytes, expected);
  const found = `${formatBytes(freeBytes)} free`;
  if (freeBytes < required) {
    const why = expected > need.minFreeBytes ? "the last set's size and a fifth" : "MIN_FREE_GB";
    return refuse(path, found, `${formatBytes(required)} required (${why})`);
  }
  const percent = totalBytes === 0 ? 0 : (freeBytes / totalBytes) * 100;
  if (percent < need.minFreePercent) {
    return refuse(
      path,
      `${percent.toFixed(1)} % free`,
      `${need.minFreePercent} % required (MIN_FREE_PERCENT)`,
    );
  }
  return { name, passed: true, message: `${found} on ${path}, ${formatBytes(required)} required` };
}

function refuse(path: string, found: string, required: string): Finding {
  return {
    name: "free space",
    passed: false,
    message: `Cannot write to "${path}": ${found}, ${required}`,
    hint: "Free space there, keep fewer sets, or lower the setting",
  };
}
