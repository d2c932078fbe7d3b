/** Names of sets: final ones by a template, unfinished ones by who writes them. */
import { localTime } from "#lib/core/calendar.ts";

export interface LayoutFacts {
  readonly host: string;
  readonly job: string;
  readonly at: Date;
  readonly timeZone: string;
  /** Layouts of stores only. */
  readonly tier?: string | undefined;
}

const tokens = ["host", "job", "stamp", "YYYY", "MM", "DD", "HH", "mm", "ss"] as const;
const tokenPattern = /\{([^{}]*)\}/g;

/** What is wrong with a layout; empty when nothing is. */
export function checkLayout(layout: string): string[] {
  const used = [...layout.matchAll(tokenPattern)].map((match) => match[1] ?? "");
  const unknown = used.filter((token) => !tokens.some((known) => known === token));
  const problems = unknown.map(
    (token) => `"{${token}}" is unknown, known are ${tokens.map((one) => `{${one}}`).join(" ")}`,
  );
  if (/[{}]/.test(layout.replaceAll(tokenPattern, ""))) problems.push("a brace is not closed");
  if (layout.startsWith("/")) problems.push("it must be relative");
  if (layout.split("/").some((segment) => segment === "" || segment.startsWith("."))) {
    problems.push("no part of the path may be empty or begin with a dot");
  }
  const isUnique =
    used.includes("stamp") || ["YYYY", "MM", "DD", "HH", "mm"].every((token) => used.includes(token));
  if (!isUnique) problems.push("it must tell sets apart: {stamp}, or {YYYY} {MM} {DD} {HH} {mm}");
  return problems;
}

/** Relative path of a set. `{stamp}` is UTC, `20251104T202639Z`; the other times are local in `timeZone`. */
export function formatLayout(layout: string, { host, job, at, timeZone, tier }: LayoutFacts): string {
  const local = localTime(at, timeZone);
  const two = (value: number) => String(value).padStart(2, "0");
  const values: Readonly<Record<string, string>> = {
    host,
    job,
    ...(tier === undefined ? {} : { tier }),
    stamp: `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`,
    YYYY: String(local.year).padStart(4, "0"),
    MM: two(local.month),
    DD: two(local.day),
    HH: two(local.hour),
    mm: two(local.minute),
    ss: two(local.second),
  };
  return layout.replaceAll(tokenPattern, (whole, token: string) => values[token] ?? whole);
}

/** What the times of a path look like. */
const timeShapes: Readonly<Record<string, string>> = {
  stamp: "\\d{8}T\\d{6}Z",
  YYYY: "\\d{4}",
  MM: "\\d\\d",
  DD: "\\d\\d",
  HH: "\\d\\d",
  mm: "\\d\\d",
  ss: "\\d\\d",
};

/** Every path that the layout gives these, whatever the time, with or without a suffix. */
export function layoutPattern(layout: string, facts: Pick<LayoutFacts, "host" | "job" | "tier">): RegExp {
  const names: Readonly<Record<string, string | undefined>> = { ...facts };
  const literal = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
  const parts = layout.split(tokenPattern);
  // The odd ones are what the braces held.
  const sources = parts.map((part, index) =>
    index % 2 === 0 ? literal(part) : (timeShapes[part] ?? literal(names[part] ?? `{${part}}`)),
  );
  return new RegExp(`^${sources.join("")}(?:-\\d+)?$`);
}

/** The directory of a layout below which all that one job writes lies: its parts up to the first that changes. */
export function layoutTop(layout: string, { host, job }: Pick<LayoutFacts, "host" | "job">): string {
  const parts = layout.split("/").map((part) => part.replaceAll("{host}", host).replaceAll("{job}", job));
  const changing = parts.findIndex((part, place) => part.includes("{") || place === parts.length - 1);
  return parts.slice(0, changing).join("/");
}

/** How many directories below the destination a set lies. */
export function layoutDepth(layout: string): number {
  return layout.split("/").length;
}

/** The nth name to try when `path` is taken: `path`, `path-2`, `path-3`. */
export function withSuffix(path: string, attempt: number): string {
  return attempt <= 1 ? path : `${path}-${attempt}`;
}

export interface PartialOwner {
  readonly host: string;
  readonly job: string;
  readonly runId: string;
  /** Its machine's mark; absent in names of earlier versions. */
  readonly machine?: string | undefined;
}

const partialPrefix = ".partial-";
const removingPrefix = ".removing-";

/** Name of an unfinished set. The parts may hold dots and dashes, so they are parted by a character that they cannot. */
export function partialName({ host, job, runId, machine }: PartialOwner): string {
  const parts = [host, job, runId, ...(machine === undefined ? [] : [machine])];
  return `${partialPrefix}${parts.map(encodeURIComponent).join("+")}`;
}

/** Name of a set in a store while it is being removed. */
export function removingName(owner: PartialOwner): string {
  return partialName(owner).replace(partialPrefix, removingPrefix);
}

/** Whose unfinished set a name is; undefined when it is none of ours. */
export function parsePartialName(name: string): PartialOwner | undefined {
  return parseOwner(name, partialPrefix);
}

/** Whose set that was being removed a name is; undefined when it is none of ours. */
export function parseRemovingName(name: string): PartialOwner | undefined {
  return parseOwner(name, removingPrefix);
}

function parseOwner(name: string, prefix: string): PartialOwner | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const parts = name.slice(prefix.length).split("+");
  const [host, job, runId, machine] = parts.map(decode);
  if (parts.length < 3 || parts.length > 4 || !host || !job || !runId) return undefined;
  return { host, job, runId, ...(machine === undefined ? {} : { machine }) };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
