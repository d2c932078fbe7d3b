/** The charts of a job, each with what it says in words: an empty one says why it is empty. */
import { formatDuration } from "#lib/core/duration.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import { formatBytes } from "#lib/core/size.ts";
import { chooseUnit } from "#lib/report/axis-unit.ts";
import { colourOf, drawChart } from "#lib/report/draw-chart.ts";
import { describeFreeSpace } from "#lib/report/free-space.ts";
import { type Html, html } from "#lib/report/html.ts";
import {
  type Point,
  pickDrills,
  pickDurations,
  pickSizes,
  pickWindows,
  type Series,
  valuesOf,
} from "#lib/report/pick-series.ts";

interface Figure {
  readonly title: string;
  readonly kind: "bytes" | "seconds";
  readonly series: readonly Series[];
  /** In words, below the chart; by default the last value of each line. */
  readonly sentences?: readonly string[] | undefined;
  readonly emptyText: string;
}

const formats = {
  bytes: formatBytes,
  seconds: (value: number) => formatDuration(value * 1000),
} as const;

export function drawJobCharts({ history, memory }: JobRecord): readonly Html[] {
  const { runs } = history;
  const windows = pickWindows(runs);
  const drills = pickDrills(runs);
  const figures: readonly Figure[] = [
    { title: "Size in the set", kind: "bytes", series: pickSizes(runs), emptyText: "No set was made yet." },
    {
      title: "Duration of a backup",
      kind: "seconds",
      series: [pickDurations(runs)],
      emptyText: "No backup of the whole job was made yet.",
    },
    // Most jobs have no stack: nothing is missing then.
    ...(windows.length === 0 ? [] : [stoppedFigure(windows)]),
    {
      title: "Free space",
      kind: "bytes",
      ...describeFreeSpace(memory.space),
      emptyText: "The health check has not looked yet.",
    },
    {
      title: "Duration of a drill",
      kind: "seconds",
      series: [drills],
      emptyText: "No restore was tried in these runs: run restore drill.",
    },
  ];
  return figures.map(drawFigure);
}

function stoppedFigure(series: readonly Series[]): Figure {
  return { title: "How long a stack was stopped", kind: "seconds", series, emptyText: "" };
}

function drawFigure({ title, kind, series, sentences, emptyText }: Figure): Html {
  const drawn = series.filter(({ points }) => points.length > 0);
  const past = drawn.filter(({ isForecast }) => isForecast !== true);
  const caption = html`<figcaption>${title}</figcaption>`;
  if (past.length === 0) return html`<figure>${caption}<p class="empty">${emptyText}</p></figure>`;
  const highest = Math.max(...drawn.map(({ points }) => spanOf(points).most));
  const formatValue = formats[kind];
  const picture = drawChart({ title, series: drawn, unit: chooseUnit(kind, highest), formatValue });
  const words = sentences ?? past.map((one) => describeLast(one, formatValue));
  const keys = words.map((text, index) =>
    past.length === 1 ? html`<li>${text}</li>` : html`<li>${swatch(index)}${text}</li>`,
  );
  return html`<figure>${caption}${picture}<ul class="key">${keys}</ul></figure>`;
}

function describeLast({ name, points }: Series, formatValue: (value: number) => string): string {
  const span = spanOf(points);
  const [least, most] = [formatValue(span.least), formatValue(span.most)];
  const range = least === most ? least : `between ${least} and ${most}`;
  const last = points.at(-1)?.value;
  if (last === undefined) return `${name}: none in the last run, ${range} before`;
  return least === most ? `${name}: ${least}` : `${name}: last ${formatValue(last)}, ${range}`;
}

function spanOf(points: readonly Point[]): { readonly least: number; readonly most: number } {
  const values = valuesOf(points);
  return {
    least: values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    most: values.reduce((most, value) => Math.max(most, value), 0),
  };
}

function swatch(index: number): Html {
  return html`<span class="swatch" style="background:${colourOf(index)}"></span>`;
}
