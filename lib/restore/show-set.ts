/** `restore show SET`: what one set holds, and how it can be restored. */
import { formatTable } from "#lib/core/format-table.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeRows, rowCountsOf } from "#lib/core/row-counts.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { formatBytes } from "#lib/core/size.ts";
import { describeItems } from "#lib/core/stack-items.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { chooseFound } from "#lib/restore/choose-found.ts";
import type { FoundLegacySet, FoundSet } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";

export async function showSet(context: RestoreContext): Promise<ToolResult> {
  const chosen = await chooseFound(context, context.operands[1] ?? "latest");
  if (chosen.kind === "legacy") return showLegacy(chosen.set);
  const [first] = chosen.copies;
  const { manifest } = first;
  return {
    outcome: "complete",
    text: formatSet(chosen.copies),
    json: {
      schema: 1,
      copies: chosen.copies.map(({ place, path }) => ({ place: place.name, path })),
      manifest,
    },
  };
}

function formatSet(copies: readonly [FoundSet, ...FoundSet[]]): string {
  const [{ manifest }] = copies;
  const { host, job, outcome, startedAt, endedAt, tool, problems, notes, missing } = manifest;
  const lines = [
    `Set ${stampOf(manifest)} of ${host.name}/${job}: ${outcome}`,
    `Taken ${startedAt} to ${endedAt} by ${tool.name} ${tool.version} (${tool.runtime}), run ${manifest.runId}`,
    ...copies.map(({ place, path }) => `In ${place.name}: ${path}`),
  ];
  const table = formatTable(
    [
      ["COMPONENT", "FILE", "FORMAT", "SIZE", "RESTORED", "ENTRIES", "OUTCOME"],
      ...manifest.components.map((one) => [
        one.name,
        one.file,
        one.format,
        formatBytes(one.bytesOut),
        formatBytes(one.bytesIn),
        one.entries === undefined ? "" : String(one.entries),
        one.doubts.length === 0 ? one.outcome : `${one.outcome}, doubtful: ${one.doubts.join("; ")}`,
      ]),
    ].map((row) => row.map(showName)),
  );
  const words = [
    ...missing.map(({ name, problem }) => `Missing: ${name}: ${problem}`),
    ...problems.map((problem) => `Problem: ${problem}`),
    ...notes.map((note) => `Note: ${note}`),
    ...manifest.components.flatMap(describeTables),
    ...manifest.components.flatMap((one) => describeItems(one).map((item) => `Path: ${one.name}: ${item}`)),
    ...manifest.components.flatMap(describeByHand),
  ];
  const print = (texts: readonly string[]) => texts.map((text) => `${showName(text)}\n`).join("");
  return `${print(lines)}\n${table}${print(words)}`;
}

function describeTables({ name, facts }: Component): string[] {
  const rows = rowCountsOf(facts);
  return rows === undefined ? [] : [`Rows: ${name}: ${describeRows(rows)}`];
}

function describeByHand({ name, facts }: Component): string[] {
  const restore = facts?.["restore"];
  return typeof restore === "string" ? [`By hand: ${name}: ${restore}`] : [];
}

function showLegacy({ place, ...set }: FoundLegacySet): ToolResult {
  const table = formatTable([
    ["ARCHIVE", "FILE", "SIZE", "SHA-256"],
    ...set.archives.map(({ name, path, sizeBytes, sumFile }) =>
      [name, path, formatBytes(sizeBytes), sumFile ?? "none recorded"].map(showName),
    ),
  ]);
  return {
    outcome: "complete",
    text: `Legacy set ${set.stamp} (${set.kind}) in ${place.name}\n${table}`,
    json: { schema: 1, legacy: { ...set, place: place.name } },
  };
}
