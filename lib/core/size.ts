const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** `512 B`, `1.3 GiB`, `340 MiB`: binary units, as `df -h` and `ls -h` count. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let index = 0;
  // 1023.95 would be printed as 1024.
  while (value >= 1023.5 && index < units.length - 1) {
    value /= 1024;
    index += 1;
  }
  const digits = index > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[index]}`;
}
