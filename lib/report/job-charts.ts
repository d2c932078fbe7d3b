/** The charts of a job, each with what it says in words: an empty one says why it is empty. */
import { formatDuration } from "#lib/core/duration.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import { formatBytes } from "#lib/core/size.ts";
import { chooseUnit } from "#lib/report/axis-unit.ts";
import { colourOf, drawChart } from "#lib/report/draw-chart.ts";
import { describeFreeSpace } from "#lib/report/free-space.ts";
import { type Html, html, trustedHtml } from "#lib/report/html.ts";
import { pickDrills, pickDurations, pickSizes, pickWindows, type Series } from "#lib/report/pick-series.ts";

interface Figure {
  readonly title: string;
  readonly kind: "bytes" | "seconds";
  readonly series: readonly Series[];
  /** In words, below the chart; by default the last value of each line. */
  readonly sentences?: readonly string[] | undefined;
  readonly emptyText: string;
}

export async function drawJobCharts({ history, memory }: JobRecord): Promise<readonly Html[]> {
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
  return Promise.all(figures.map(drawFigure));
}

function stoppedFigure(series: readonly Series[]): Figure {
  return { title: "How long a stack was stopped", kind: "seconds", series, emptyText: "" };
}

async function drawFigure({ title, kind, series, sentences, emptyText }: Figure): Promise<Html> {
  const drawn = series.filter(({ points }) => points.length > 0);
  const past = drawn.filter(({ isForecast }) => isForecast !== true);
  const caption = html`<figcaption>${title}</figcaption>`;
  if (past.length === 0) return html`<figure>${caption}<p class="empty">${emptyText}</p></figure>`;
  const highest = Math.max(...drawn.flatMap(({ points }) => points.map(({ value }) => value)));
  const picture = trustedHtml(await drawChart(drawn, chooseUnit(kind, highest)));
  const words = sentences ?? past.map((one) => describeLast(one, kind));
  const keys = words.map((text, index) =>
    past.length === 1 ? html`<li>${text}</li>` : html`<li>${swatch(index)}${text}</li>`,
  );
  return html`<figure>${caption}${picture}<ul class="key">${keys}</ul></figure>`;
}

function describeLast({ name, points }: Series, kind: Figure["kind"]): string {
  const values = points.map(({ value }) => value);
  const format = (value: number) => (kind === "bytes" ? formatBytes(value) : formatDuration(value * 1000));
  const [last, least, most] = [values.at(-1) ?? 0, Math.min(...values), Math.max(...values)].map(format);
  return least === most ? `${name}: ${last}` : `${name}: last ${last}, between ${least} and ${most}`;
}

function swatch(index: number): Html {
  return html`<span class="swatch" style="background:${colourOf(index)}"></span>`;
}
