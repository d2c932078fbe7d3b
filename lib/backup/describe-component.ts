/** What a written component is, and whether it may be trusted. Pure. */
import type { WrittenArchive } from "#lib/archive/write-archive.ts";
import type { Settings } from "#lib/config/schema.ts";
import type { Compressor } from "#lib/core/compression.ts";
import { countNoun } from "#lib/core/count-noun.ts";
import type { Component } from "#lib/core/manifest.ts";
import type { MemberLists, NameList, ProducerStatus } from "#lib/core/producer-status.ts";
import type { PartReport } from "#lib/core/report.ts";
import { formatBytes } from "#lib/core/size.ts";
import { type ComponentHistory, judgeSize } from "#lib/core/size-history.ts";
import type { OpenSource, Source } from "#lib/sources/source.ts";

interface ComponentFacts {
  readonly source: Source;
  readonly open: OpenSource;
  readonly compressor: Compressor;
  readonly archive: WrittenArchive;
  readonly seconds: number;
  readonly history: ComponentHistory;
  readonly settings: Pick<Settings, "SIZE_ALERT_PERCENT">;
}

export interface DescribedComponent {
  readonly component: Component;
  readonly part: PartReport;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

export type Described =
  | DescribedComponent
  | { readonly failed: readonly string[]; readonly hint: string | undefined };

export function describeComponent(facts: ComponentFacts): Described {
  const { source, open, archive, seconds } = facts;
  const { status, proven } = archive;
  const bytesIn = status.bytesWritten ?? proven?.bytes ?? 0;
  const fatal = source.whenDoubtful === "failed" ? findUseless(facts, bytesIn) : undefined;
  if (fatal !== undefined) return fatal;
  const size = judgeSize(bytesIn, facts.history.bytesIn, facts.settings.SIZE_ALERT_PERCENT);
  const doubts = [...findDoubts(facts, bytesIn), ...(size.doubt === undefined ? [] : [size.doubt])];
  const members = membersOf(status);
  const problems = [
    ...doubts.map((doubt) => `The ${source.name} is doubtful: ${doubt}`),
    ...open.problems,
    ...describeNames(
      members?.unreadable,
      "could not be read and is missing in the archive",
      "could not be read and are missing in the archive",
    ),
  ];
  const isWhole = status.outcome === "complete" && problems.length === 0;
  const outcome = isWhole ? "complete" : "partial";
  const counted = proven?.entries === undefined ? "" : ` in ${countNoun(proven.entries, "entry", "entries")}`;
  const written = `${formatBytes(bytesIn)}${counted}, ${formatBytes(archive.bytes)} written${archive.readBack === undefined ? "" : " and read back"} in ${seconds.toFixed(1)} s`;
  const message = [written, ...doubts].join("; ");
  return {
    component: buildComponent(facts, bytesIn, outcome, doubts, members),
    part: {
      kind: "source",
      name: source.name,
      outcome,
      message,
      isDoubtful: doubts.length > 0 ? true : undefined,
      bytesIn,
      bytesOut: archive.bytes,
      entries: proven?.entries,
    },
    problems,
    notes: [
      ...open.notes,
      ...status.notes,
      ...(size.note === undefined ? [] : [`The ${source.name}: ${size.note}`]),
      ...describeNames(members?.changed, "changed while it was read", "changed while they were read"),
      ...describeNames(members?.vanished, "vanished before it was read", "vanished before they were read"),
      ...describeNames(
        members?.leftOut,
        "was left out (a mount, unless APP_ONE_FILE_SYSTEM=false, or a socket)",
        "were left out (mounts, unless APP_ONE_FILE_SYSTEM=false, or sockets)",
      ),
    ],
  };
}

/** A small archive of a source that used to be large is the sign of an unmounted disk or a wrong path. */
function findUseless({ source, archive }: ComponentFacts, bytesIn: number): Described | undefined {
  if (bytesIn < source.minBytes) {
    return {
      failed: [
        `Cannot trust the ${source.name}: ${formatBytes(bytesIn)} read, ${formatBytes(source.minBytes)} required`,
      ],
      hint: `Is everything mounted? Otherwise lower ${source.minSetting}`,
    };
  }
  const problem = archive.proven?.problem;
  if (problem === undefined) return undefined;
  return {
    failed: [`Cannot read back the ${source.name}: ${problem}`],
    hint: "The archive was damaged while it was written: check memory and disk",
  };
}

function findDoubts({ source, archive }: ComponentFacts, bytesIn: number): string[] {
  const problem = archive.proven?.problem;
  if (problem !== undefined) return [problem];
  if (bytesIn >= source.minBytes) return [];
  return [`it has ${formatBytes(bytesIn)}, ${source.minSetting} asks for ${formatBytes(source.minBytes)}`];
}

function buildComponent(
  { source, open, compressor, archive, seconds }: ComponentFacts,
  bytesIn: number,
  outcome: Component["outcome"],
  doubts: string[],
  members: MemberLists | undefined,
): Component {
  const entries = archive.proven?.entries;
  return {
    name: source.name,
    source: source.kind,
    file: source.fileStem + compressor.extension,
    format: source.format,
    compression: compressor.format ?? "none",
    bytesIn,
    bytesOut: archive.bytes,
    ...(entries === undefined ? {} : { entries }),
    sha256: archive.sha256,
    outcome,
    doubts,
    ...(members === undefined ? {} : { members }),
    ...factsOf(open, archive),
    durationSeconds: Math.round(seconds * 1000) / 1000,
  };
}

function factsOf(open: OpenSource, { proven }: WrittenArchive): Pick<Component, "facts"> {
  const rows = proven?.problem === undefined ? proven?.rows : undefined;
  if (open.facts === undefined && rows === undefined) return {};
  return { facts: { ...open.facts, ...(rows === undefined ? {} : { rows }) } };
}

function membersOf({ changed, vanished, unreadable, leftOut }: ProducerStatus): MemberLists | undefined {
  if (!changed || !vanished || !unreadable || !leftOut) return undefined;
  return { changed, vanished, unreadable, leftOut };
}

const namesShown = 5;

function describeNames(list: NameList | undefined, ofOne: string, ofMore: string): string[] {
  if (list === undefined || list.count === 0) return [];
  const shown = list.names.slice(0, namesShown).join(", ");
  const rest = list.count - Math.min(list.count, namesShown);
  return [
    `${countNoun(list.count, `file ${ofOne}`, `files ${ofMore}`)}: ${shown}${rest > 0 ? ` and ${rest} more` : ""}`,
  ];
}
