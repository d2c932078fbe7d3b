/** The page over all jobs in a real browser: in the light, in the dark, on a desk, on a phone. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyMemory } from "#lib/core/health-memory.ts";
import { createOverview } from "#lib/report/create-overview.ts";
import { type Browser, hasBrowser, startBrowser } from "#test/support/browser.ts";
import { createPart, createPastRun, createRecord } from "#test/support/job-record.ts";

const now = new Date("2026-11-21T10:00:00.000Z");
const dayMs = 86_400_000;
const schemes = ["light", "dark"] as const;
const widths = [360, 1280] as const;
const looks = schemes.flatMap((scheme) => widths.map((width) => ({ scheme, width })));

let browser: Browser;
let directory: string;
let page: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "lastgood-page-"));
  page = join(directory, "page.html");
  writeFileSync(page, drawPage());
  if (hasBrowser) browser = await startBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** A job with everything, one with a single run, one without any, one that cannot be read and has a long name. */
function drawPage(): string {
  const at = (days: number) => new Date(now.getTime() - days * dayMs).toISOString();
  const outcomes = ["complete", "partial", "failed", "busy", "complete", "interrupted"];
  const runs = Array.from({ length: 60 }, (_, index) => {
    const outcome = outcomes[index % outcomes.length] ?? "complete";
    const parts = Array.from({ length: 6 }, (_part, number) =>
      createPart(`stack-${number}`, {
        bytesOut: 1e8 * number + 1e6 * index,
        windowSeconds: number + (index % 7),
        outcome,
      }),
    );
    return createPastRun(at((60 - index) / 2), { outcome, parts, durationSeconds: 200 + index });
  });
  const drills = [20, 10].map((days) => createPastRun(at(days), { script: "restore", selection: ["drill"] }));
  const samples = Array.from({ length: 30 }, (_, index) => ({
    at: at(30 - index),
    freeBytes: 4e11 - index * 1e10,
  }));
  const proof = { at: at(3), isGood: false, problems: [`x${"-y".repeat(100)}`] };
  const jobs = [
    {
      name: "app",
      record: createRecord({
        history: { runs: [...runs, ...drills], unreadableCount: 1 },
        places: { "copy destination": at(1), "store nas": at(2) },
        memory: { ...emptyMemory, space: { "/mnt/backup": samples, [`/${"long/".repeat(30)}`]: samples } },
        verification: proof,
        drill: proof,
      }),
    },
    { name: "one", record: createRecord({ history: { runs: runs.slice(0, 1), unreadableCount: 0 } }) },
    { name: "never", record: createRecord() },
    {
      name: "n".repeat(200),
      problem: { isDenied: false, message: "m".repeat(300), hint: undefined },
      record: undefined,
    },
  ].map((job) => ({ config: `/etc/lastgood/${job.name}.env`, problem: undefined, ...job }));
  return createOverview({ host: "web1", version: "0.1.0", now, jobs, redact: (text) => text }).page;
}

/** In the page: texts that are hard to see against what is behind them, by the contrast that WCAG counts. */
const faintTexts = `(() => {
  const parse = (colour) => (colour.match(/[0-9.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    const colour = parse(getComputedStyle(element).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
    return element.parentElement === null ? [255, 255, 255] : behind(element.parentElement);
  };
  const isText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  return [...document.body.querySelectorAll("*")].filter(isText).flatMap((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(element.tagName === "text" ? style.fill : style.color)), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast >= 4.5 ? [] : [element.textContent + " " + contrast.toFixed(2)];
  });
})()`;

/** In the page: marks of axes that are cut off, too small to be read, or written over each other. */
const brokenMarks = `[...document.querySelectorAll("svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  const marks = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
  const isCut = ({ box }) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1 || box.top < frame.top - 1;
  const touches = (one, other) => one !== other && one.box.left < other.box.right && other.box.left < one.box.right &&
    one.box.top < other.box.bottom && other.box.top < one.box.bottom;
  return marks
    .filter((mark) => isCut(mark) || mark.box.height < 9 || marks.some((other) => touches(mark, other)))
    .map(({ text }) => text);
})`;

describe.skipIf(!hasBrowser)("the report in a browser", () => {
  test.each(looks)(
    "can be read in the $scheme at $width pixels, and asks nobody for anything",
    async (look) => {
      const { evaluate, complaints } = await browser.open(page, look);
      expect(await evaluate("document.querySelectorAll('svg').length")).toBe(8);
      expect(await evaluate(faintTexts)).toEqual([]);
      expect(await evaluate(brokenMarks)).toEqual([]);
      expect(await evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      expect(complaints).toEqual([]);
    },
  );

  test("tells whoever points at a chart, wherever in it, what was then", async () => {
    const { evaluate } = await browser.open(page, { scheme: "light", width: 360 });
    const pointed = `(() => {
      const svg = document.querySelector("svg");
      svg.scrollIntoView();
      const { left, top, width, height } = svg.getBoundingClientRect();
      const [tips, places] = [svg.querySelector(".tips").getBoundingClientRect(), [0.001, 0.5, 0.999]];
      return places.map((place) => document.elementFromPoint(tips.left + place * tips.width, top + height / 3)
        .querySelector("title")?.textContent.split("\\n"));
    })()`;
    const tips = await evaluate(pointed);
    const five = Array.from({ length: 5 }, () => expect.stringMatching(/stack-\d: [\d.]+ MiB$/));
    expect(tips).toEqual([
      ["2026-10-22 10:00", ...five],
      ["2026-11-06 10:00", ...five],
      ["2026-11-20 22:00", ...five],
    ]);
  });

  test("has a name for each chart", async () => {
    const { evaluate } = await browser.open(page, { scheme: "light", width: 360 });
    const names =
      "[...document.querySelectorAll('svg')].map((svg) => [svg.getAttribute('role'), svg.ariaLabel])";
    const named = await evaluate(names);
    expect(named).toContainEqual(["img", "Size in the set, 2026-10-22 to 2026-11-20"]);
    expect(new Set((named as readonly string[][]).map(([role]) => role))).toEqual(new Set(["img"]));
  });

  test("is dark where the reader wants it dark, its charts too", async () => {
    const colours = await Promise.all(
      schemes.map(async (scheme) => {
        const { evaluate } = await browser.open(page, { scheme, width: 360 });
        return evaluate(
          "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('svg text')).fill]",
        );
      }),
    );
    expect(colours).toEqual([
      ["rgb(246, 247, 249)", "rgb(91, 100, 112)"],
      ["rgb(15, 19, 24)", "rgb(154, 165, 179)"],
    ]);
  });
});
