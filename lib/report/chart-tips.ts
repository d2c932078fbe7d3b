/** What a pointer is told: for each time a column of the chart, as high as the chart, with all that is known of it. */
import { type Html, html } from "#lib/report/html.ts";
import type { Point } from "#lib/report/pick-series.ts";
import { formatTime, lookMarks } from "#lib/report/words.ts";

export interface TippedLine {
  readonly name: string;
  readonly points: readonly Point[];
  readonly isForecast: boolean;
}

interface TipArea {
  readonly x: (at: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly formatValue: (value: number) => string;
}

export function drawTips(
  lines: readonly TippedLine[],
  { x, left, right, top, bottom, formatValue }: TipArea,
): Html {
  const saidAt = new Map<number, Html[]>();
  for (const { name, points, isForecast } of lines) {
    // A forecast begins where what is known ends, which says itself.
    for (const { at, value, look } of isForecast ? points.slice(1) : points) {
      const figure = value === undefined ? "none" : formatValue(value);
      const mark = look === "good" ? "" : `${lookMarks[look]} `;
      const said = html`\n${`${mark}${name}: ${figure}${isForecast ? " expected" : ""}`}`;
      saidAt.set(at, [...(saidAt.get(at) ?? []), said]);
    }
  }
  const columns = [...saidAt]
    .toSorted(([a], [b]) => a - b)
    .map(([at, said]) => ({ at, said, middle: x(at) }));
  const drawn = columns.map(({ at, said, middle }, index) => {
    const [before, after] = [columns[index - 1]?.middle ?? left, columns[index + 1]?.middle ?? right];
    const from = index === 0 ? left : (before + middle) / 2;
    const to = index === columns.length - 1 ? right : (middle + after) / 2;
    const width = Math.round((to - from) * 10) / 10;
    return html`<path d="M${Math.round(from * 10) / 10},${top}h${width}V${bottom}h${-width}z"><title>${formatTime(new Date(at).toISOString())}${said}</title></path>`;
  });
  return html`<g class="tips">${drawn}</g>`;
}
