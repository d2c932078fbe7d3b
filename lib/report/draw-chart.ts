/**
 * One chart as SVG, drawn here and not in the browser: the page needs no script. Colours are the page's variables, so that the
 * same picture is right in the light and in the dark.
 */
import { scaleLinear } from "d3-scale";
import { line, symbol, symbolDiamond2, symbolTriangle } from "d3-shape";
import type { AxisUnit } from "#lib/report/axis-unit.ts";
import { drawTips, type TippedLine } from "#lib/report/chart-tips.ts";
import { type Html, html } from "#lib/report/html.ts";
import type { Series } from "#lib/report/pick-series.ts";
import { type KnownPoint, type PlannedLine, planLine } from "#lib/report/plan-line.ts";
import { planTimeAxis, type TimeAxis } from "#lib/report/time-ticks.ts";

/** So many points that they touch: only those that stand out are marked. */
const crowd = 30;
/** As wide as a phone: on a larger screen several stand side by side. */
const size = { width: 320, height: 176 } as const;
const edge = { top: 10, right: 20, bottom: 22 } as const;
const bottom = size.height - edge.bottom;
const right = size.width - edge.right;
/** Generous for the page's 12 pixels: which font a reader has nobody knows. */
const letterWidth = 7;
const valueMarks = 3;
const diamond = symbol(symbolDiamond2, 56)() ?? "";
const triangle = symbol(symbolTriangle, 60)() ?? "";
const shapes = { warning: triangle, bad: diamond } as const;

export interface Chart {
  readonly title: string;
  /** With a point at least. */
  readonly series: readonly Series[];
  readonly unit: AxisUnit;
  readonly formatValue: (value: number) => string;
}

/** Where in the picture a time and a value are. */
interface Scales {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
}

/** Colour of a line, the same in the chart and in its legend. */
export function colourOf(index: number): string {
  return `var(--line-${index})`;
}

export function drawChart({ title, series, unit, formatValue }: Chart): Html {
  const names = [...new Set(series.map(({ name }) => name))];
  const lines = series.map((one) => ({
    ...planLine(one.points),
    name: one.name,
    isForecast: one.isForecast === true,
    colour: colourOf(names.indexOf(one.name)),
  }));
  const axis = planTimeAxis(lines.flatMap(({ points }) => points.map(({ at }) => at)));
  const values = lines.flatMap(({ pieces }) => pieces.flat().map(({ value }) => value / unit.size));
  const highest = values.reduce((most, value) => Math.max(most, value), 0);
  // A line along the ground needs a height all the same.
  const ground = scaleLinear()
    .domain([0, highest === 0 ? 10 : highest])
    .nice(valueMarks);
  const ticks = ground.ticks(valueMarks).map((value) => ({ value, label: `${value} ${unit.name}` }));
  const left = 8 + letterWidth * Math.max(...ticks.map(({ label }) => label.length));
  const high = ground.range([bottom, edge.top]);
  const wide = scaleLinear().domain([axis.from, axis.to]).range([left, right]);
  const scales: Scales = { x: (at) => round(wide(at)), y: (value) => round(high(value / unit.size)) };
  const labels = ticks.map(({ value, label }) => ({ y: round(high(value)), label }));
  const days = [axis.from, axis.to].map((at) => new Date(at).toISOString().slice(0, 10));
  return html`<svg role="img" aria-label="${`${title}, ${days.join(" to ")}`}" viewBox="0 0 ${size.width} ${size.height}">
${drawAxes(labels, axis, scales, left)}
${lines.map((one) => drawLine(one, scales))}
${drawTips(lines, { x: scales.x, left, right, top: edge.top, bottom, formatValue })}
</svg>`;
}

function drawAxes(
  labels: readonly { readonly y: number; readonly label: string }[],
  { marks: times }: TimeAxis,
  { x }: Scales,
  left: number,
): Html {
  const rules = labels.map(({ y }) => `M${left},${y}H${right}`);
  const notches = times.map(({ at }) => `M${x(at)},${bottom}v4`);
  const values = labels.map(
    ({ y, label }) => html`<text x="${left - 6}" y="${y + 4}" text-anchor="end">${label}</text>`,
  );
  const dates = times.map(({ at, label }) => {
    const middle = Math.min(x(at), size.width - (label.length * letterWidth) / 2);
    return html`<text x="${middle}" y="${size.height - 5}" text-anchor="middle">${label}</text>`;
  });
  return html`<path class="rule" d="${[...rules, ...notches].join("")}"/>${values}${dates}`;
}

type ColouredLine = PlannedLine & TippedLine & { readonly colour: string };

function drawLine({ pieces, missing, isForecast, colour }: ColouredLine, { x, y }: Scales): Html {
  const path = line<KnownPoint>(
    ({ at }) => x(at),
    ({ value }) => y(value),
  );
  const joined = pieces.filter(({ length }) => length > 1).map((piece) => path([...piece]) ?? "");
  const dashes = isForecast ? html` stroke-dasharray="4 4"` : "";
  const drawn = html`<path class="line" stroke="${colour}"${dashes} d="${joined.join("")}"/>`;
  if (isForecast) return drawn;
  const isCrowded = pieces.flat().length > crowd;
  const dots = pieces.flatMap((piece) =>
    piece.flatMap((point) => {
      // A point that no line leads to would not be seen.
      const isPlain = isCrowded && piece.length > 1;
      const dot = html`<circle cx="${x(point.at)}" cy="${y(point.value)}" r="3" fill="${colour}"/>`;
      return drawMark("mark", point, { x, y }) ?? (isPlain ? [] : dot);
    }),
  );
  return html`${drawn}${dots}${missing.flatMap((point) => drawMark("hollow mark", point, { x, y }) ?? [])}`;
}

/** Undefined for what does not stand out. */
function drawMark(kind: string, { at, value, look }: KnownPoint, { x, y }: Scales): Html | undefined {
  if (look !== "warning" && look !== "bad") return undefined;
  return html`<path class="${`${kind} ${look}`}" transform="translate(${x(at)},${y(value)})" d="${shapes[look]}"/>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
