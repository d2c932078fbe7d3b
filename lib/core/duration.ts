/** Spans of time as people write and read them. */

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `90`, `90s`, `15m`, `12h` or `2d`, a plain number being seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+)([smhd])?$/.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? "s") as keyof typeof unitMs;
  return Number(match[1]) * unitMs[unit];
}

/** `4.2s`, `45s`, `3m 07s`, `1h 02m`, `2d 03h`: two units are enough to judge by. */
export function formatDuration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return formatPair(seconds, 60, "m", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return formatPair(minutes, 60, "h", "m");
  return formatPair(Math.round(minutes / 60), 24, "d", "h");
}

function formatPair(amount: number, base: number, large: string, small: string): string {
  return `${Math.floor(amount / base)}${large} ${String(amount % base).padStart(2, "0")}${small}`;
}
