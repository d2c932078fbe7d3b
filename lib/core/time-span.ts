/** Time spans as systemd.time(7) has them: `1w`, `1h 30min`, `2 days`, a plain number being seconds. */

const secondMs = 1000;
const dayMs = 86_400_000;

const unitsMs: readonly (readonly [names: RegExp, ms: number])[] = [
  [/^(?:us|usec|µs|μs)$/, 0.001],
  [/^(?:ms|msec)$/, 1],
  [/^(?:|s|sec|seconds?)$/, secondMs],
  [/^(?:m|min|minutes?)$/, 60 * secondMs],
  [/^(?:h|hr|hours?)$/, 3600 * secondMs],
  [/^(?:d|days?)$/, dayMs],
  [/^(?:w|weeks?)$/, 7 * dayMs],
  [/^(?:M|months?)$/, 30.44 * dayMs],
  [/^(?:y|years?)$/, 365.25 * dayMs],
];

/** Milliseconds; undefined for what is no span, and for one without end. */
export function parseTimeSpan(text: string): number | undefined {
  if (!/^\s*(?:\d+(?:\.\d+)?\s*[A-Za-zµμ]*\s*)+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, name = ""] of text.matchAll(/(\d+(?:\.\d+)?)\s*([A-Za-zµμ]*)/g)) {
    const unit = unitsMs.find(([names]) => names.test(name));
    if (unit === undefined) return undefined;
    sumMs += Number(amount) * unit[1];
  }
  return sumMs;
}
