/** When entries start, one by one, and what they do where the clock jumps. */
import { nextStarts } from "#lib/core/cron-times.ts";
import { placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import type { JudgedAt } from "#lib/core/schedule-judgement.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import { formatWall, nextJumps } from "#lib/core/wall-clock.ts";
import { readTimeZone } from "#lib/cron/time-zone.ts";
import { readJobFlag, readTimes } from "#lib/schedule/flags.ts";
import { describeStarted, startsAfter } from "#lib/schedule/format-survey.ts";
import { openMachine, surveyMachine } from "#lib/schedule/survey.ts";

const shownStarts = 10;
const aroundJumpMs = 36 * 3_600_000;
const shownAroundJump = 8;

interface Explained {
  readonly what: string;
  readonly when: string;
  readonly flaw: string | undefined;
  readonly isAtBoot: boolean;
  readonly startsAfter: (from: Date, count: number) => readonly Date[];
}

/** With `--at` of that schedule, else of every entry on the machine. */
export async function explainSchedule(tool: Tool): Promise<ToolResult> {
  const given = tool.flags["at"];
  const { explained, at } =
    typeof given === "string" ? await explainText(tool, given) : await explainMachine(tool);
  const jumps = nextJumps(at.now, at.timeZone);
  const sections = explained.map((one) => formatExplained(one, at, jumps));
  const zone = `Times in ${at.timeZone}, the machine's zone; now ${formatWall(at.now, at.timeZone)}`;
  return {
    outcome: "complete",
    text: `${[zone, ...sections].join("\n\n")}\n`,
    json: {
      schema: 1,
      timeZone: at.timeZone,
      entries: explained.map((one) => ({
        what: one.what,
        when: one.when,
        flaw: one.flaw,
        next: one.startsAfter(at.now, shownStarts).map((start) => start.toISOString()),
      })),
    },
  };
}

async function explainText(tool: Tool, text: string) {
  // As HOST_NAME is by default.
  const host = (tool.caller.hostname.split(".")[0] ?? "").toLowerCase();
  const expression = readTimes(tool)(host, readJobFlag(tool));
  const at = { now: tool.deps.clock.now(), timeZone: await readTimeZone(openMachine(tool)) };
  const one: Explained = {
    what: "--at",
    when: text,
    flaw: undefined,
    isAtBoot: false,
    startsAfter: (from, count) => nextStarts(expression, from, at.timeZone, count),
  };
  return { explained: [one], at };
}

async function explainMachine(tool: Tool) {
  const { entries, at } = await surveyMachine(tool);
  return { explained: entries.map((entry) => explainEntry(entry, at)), at };
}

function explainEntry(entry: ScheduleEntry, at: JudgedAt): Explained {
  return {
    what: `${placeOf(entry)}: ${describeStarted(entry)}`,
    when: entry.when,
    flaw: entry.flaw,
    isAtBoot: entry.timings.some(({ kind }) => kind === "boot"),
    startsAfter: (from, count) => startsAfter(entry, { ...at, now: from }, count),
  };
}

function formatExplained(one: Explained, at: JudgedAt, jumps: readonly Date[]): string {
  const heading = `${one.what} (${one.when})`;
  if (one.flaw !== undefined) return `${heading}\n  never: ${one.flaw}`;
  const show = (start: Date) => `  ${formatWall(start, at.timeZone)}`;
  const starts = one.startsAfter(at.now, shownStarts);
  const around = jumps.flatMap((jump) => {
    const from = new Date(jump.getTime() - aroundJumpMs);
    const near = one
      .startsAfter(from, 2000)
      .filter((start) => start.getTime() < jump.getTime() + aroundJumpMs)
      .filter((start) => start > from);
    if (near.length === 0) return [];
    const index = near.findIndex((start) => start >= jump);
    const first = Math.max(0, (index === -1 ? near.length : index) - shownAroundJump / 2);
    return [
      `  the clock jumps at ${formatWall(jump, at.timeZone)}:`,
      ...near.slice(first, first + shownAroundJump).map((start) => `  ${show(start)}`),
    ];
  });
  const unknown = one.isAtBoot ? "  at every boot" : "  at no time that can be told beforehand";
  return [heading, ...(starts.length === 0 ? [unknown] : starts.map(show)), ...around].join("\n");
}
