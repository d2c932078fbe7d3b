import type { Exec } from "#lib/core/deps.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";

const timeoutMs = 10_000;
/** Weeks of one that starts every quarter of an hour on working days. */
const iterations = 400;

/**
 * The next moments that systemd reads from `OnCalendar=` values, by value and in order; none of a value that it does not
 * understand, or of the past. Where it is not installed, no value is among them. All are asked about at once.
 */
export async function nextElapses(
  exec: Exec,
  expressions: readonly string[],
  { now, timeZone }: JudgedAt,
): Promise<ReadonlyMap<string, readonly Date[]>> {
  if (expressions.length === 0) return new Map();
  const base = `${now.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const result = await exec(
    [
      "systemd-analyze",
      "calendar",
      `--base-time=${base}`,
      `--iterations=${iterations}`,
      "--",
      ...new Set(expressions),
    ],
    { timeoutMs, env: { TZ: timeZone } },
  );
  const refused = [...result.stderr.matchAll(/Failed to parse calendar specification '(.*)': /g)];
  return new Map([
    ...refused.map(([, value = ""]) => [value, []] as const),
    ...result.stdout.split(/\n\n+/).flatMap((block) => {
      // Older ones leave out the original form of a value that is normal already.
      const [, value] =
        /^ *Original form: (.*)$/m.exec(block) ?? /^ *Normalized form: (.*)$/m.exec(block) ?? [];
      return value === undefined ? [] : [[value, momentsOf(block)] as const];
    }),
  ]);
}

function momentsOf(block: string): readonly Date[] {
  // A zone other than UTC adds a line in UTC to each moment.
  const isUtc = !block.includes("(in UTC):");
  const moment = isUtc ? /^ *(?:Next elapse|Iter\. #\d+): \w+ (.+) UTC$/gm : /^ *\(in UTC\): \w+ (.+) UTC$/gm;
  return [...block.matchAll(moment)].map(([, at = ""]) => new Date(`${at.replace(" ", "T")}Z`));
}
