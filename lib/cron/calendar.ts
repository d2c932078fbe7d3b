import type { Exec } from "#lib/core/deps.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";

const timeoutMs = 10_000;
const iterations = 20;

/** The next moments that systemd reads from `OnCalendar=` values, in order; empty where systemd is not installed. */
export async function nextElapses(
  exec: Exec,
  expressions: readonly string[],
  { now, timeZone }: JudgedAt,
): Promise<readonly Date[]> {
  if (expressions.length === 0) return [];
  const base = `${now.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const result = await exec(
    [
      "systemd-analyze",
      "calendar",
      `--base-time=${base}`,
      `--iterations=${iterations}`,
      "--",
      ...expressions,
    ],
    { timeoutMs, env: { TZ: timeZone } },
  );
  // A zone other than UTC adds a line in UTC to each moment.
  const isUtc = !result.stdout.includes("(in UTC):");
  const moment = isUtc ? /^ *(?:Next elapse|Iter\. #\d+): \w+ (.+) UTC$/gm : /^ *\(in UTC\): \w+ (.+) UTC$/gm;
  const times = [...result.stdout.matchAll(moment)].map(([, at = ""]) =>
    Date.parse(`${at.replace(" ", "T")}Z`),
  );
  return [...new Set(times)].sort((a, b) => a - b).map((at) => new Date(at));
}
