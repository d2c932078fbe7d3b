/**
 * One chart as SVG, drawn here and not in the browser: the page needs no script. Colours are the page's variables, so that the
 * same picture is right in the light and in the dark; names are not in it at all, they stand in the page's own text.
 */
import type { LineSeriesOption } from "echarts/charts";
import type { EChartsCoreOption } from "echarts/core";
import type { AxisUnit } from "#lib/report/axis-unit.ts";
import type { Point, Series } from "#lib/report/pick-series.ts";
import { planTimeAxis } from "#lib/report/time-ticks.ts";
import type { Look } from "#lib/report/words.ts";

/** So many points that they touch: only those that stand out are marked. */
const crowd = 30;
/** As wide as a phone: on a larger screen several stand side by side. */
const size = { width: 340, height: 180 } as const;
const symbols: Readonly<Record<Look, string>> = {
  good: "circle",
  warning: "triangle",
  bad: "diamond",
  quiet: "circle",
};

/** Colour of a line, the same in the chart and in its legend. */
export function colourOf(index: number): string {
  return `var(--line-${index})`;
}

export async function drawChart(series: readonly Series[], unit: AxisUnit): Promise<string> {
  const { init } = await loadCharts();
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption(chartOption(series, unit));
    return cleanSvg(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** Imported when first used: no other script draws. */
async function loadCharts() {
  const [core, { LineChart }, { GridComponent }, { SVGRenderer }] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([LineChart, GridComponent, SVGRenderer]);
  return core;
}

function chartOption(series: readonly Series[], unit: AxisUnit): EChartsCoreOption {
  const times = series.flatMap(({ points }) => points.map(({ at }) => at));
  const { from, to, marks, labelOf } = planTimeAxis(times);
  const axisLabel = { color: "var(--quiet)", fontSize: 11 };
  const line = { lineStyle: { color: "var(--rule)" } };
  return {
    animation: false,
    grid: {
      left: 8,
      right: 16,
      top: 12,
      bottom: 6,
      outerBoundsMode: "same",
      outerBoundsContain: "axisLabel",
    },
    xAxis: {
      type: "value",
      min: from,
      max: to,
      axisLabel: { ...axisLabel, customValues: marks, formatter: labelOf },
      axisTick: { ...line, show: true, customValues: marks },
      axisLine: { ...line, show: true },
      splitLine: { show: false },
    },
    yAxis: {
      type: "value",
      min: 0,
      splitNumber: 3,
      axisLabel: { ...axisLabel, formatter: (value: number) => `${value} ${unit.name}` },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: line,
    },
    series: lineOptions(series, unit),
  };
}

function lineOptions(series: readonly Series[], unit: AxisUnit): LineSeriesOption[] {
  const names = [...new Set(series.map(({ name }) => name))];
  return series.map(({ name, points, isForecast = false }) => {
    const color = colourOf(names.indexOf(name));
    return {
      type: "line",
      silent: true,
      symbolSize: 6,
      showSymbol: !isForecast,
      showAllSymbol: true,
      lineStyle: { color, width: 2, type: isForecast ? [4, 4] : "solid" },
      itemStyle: { color },
      data: points.map((point) => dataItem(point, unit, points.length > crowd)),
    };
  });
}

function dataItem({ at, value, look }: Point, unit: AxisUnit, isCrowded: boolean) {
  const item = { value: [at, value / unit.size], symbol: symbols[look] };
  if (look === "good") return isCrowded ? { ...item, symbol: "none" } : item;
  return { ...item, symbolSize: 10, itemStyle: { color: `var(--${look})` } };
}

/** Without what is for a browser's pointer, colours that know no dark among it. */
function cleanSvg(svg: string): string {
  return svg
    .replaceAll(/<style.*?<\/style>/gs, "")
    .replaceAll(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, "")
    .replace("<svg ", '<svg aria-hidden="true" ')
    .trim();
}
