import { placeOf } from "#lib/core/schedule-entry.ts";
import { type Clash, judgeSchedule } from "#lib/core/schedule-judgement.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import { entryJson, formatSurvey } from "#lib/schedule/format-survey.ts";
import { surveyMachine } from "#lib/schedule/survey.ts";

/** Every entry that would start a backup, and what is wrong with them: partial then, so that a script can ask. */
export async function showSchedule(tool: Tool): Promise<ToolResult> {
  const survey = await surveyMachine(tool);
  const { entries, jobs, at, problems } = survey;
  const judgement = judgeSchedule(entries, jobs, at);
  const { duplicates, overlaps, unscheduled, ignored } = judgement;
  const isGood = [duplicates, unscheduled, ignored, problems].every((list) => list.length === 0);
  return {
    outcome: isGood ? "complete" : "partial",
    text: formatSurvey(survey, judgement),
    json: {
      schema: 1,
      timeZone: at.timeZone,
      entries: entries.map((entry) => entryJson(entry, at)),
      duplicates: duplicates.map(clashJson),
      overlaps: overlaps.map(clashJson),
      unscheduled: unscheduled.map(({ name }) => name),
      ignored: ignored.map((entry) => ({ place: placeOf(entry), why: entry.flaw })),
      problems,
    },
  };
}

function clashJson({ what, entries, together }: Clash): Record<string, unknown> {
  return { what, places: entries.map(placeOf), together: together.map((start) => start.toISOString()) };
}
