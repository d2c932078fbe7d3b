/** What a person types to bring a stack up when we could not. */
import type { Match } from "#lib/core/match-record.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import type { RecordedContainer, StackRecord } from "#lib/core/stack-record.ts";

/** A container of a record that is not as it was, as far as docker tells of it. */
export interface DownContainer extends Match {
  /** It knows by its id what is gone, such as its network: nothing but another container can take its place. */
  readonly isStale: boolean;
}

/**
 * One line for a shell that starts what ran before, and nothing else; `down` is what does not run of it, absent when docker does
 * not say.
 */
export function manualStartCommand(record: StackRecord, down?: readonly DownContainer[]): string {
  if (down === undefined || down.length === 0) return guessCommand(record);
  const found = (isMeant: (state: string) => boolean) =>
    down.flatMap(({ container, isStale }) =>
      container !== undefined && !isStale && isMeant(container.state) ? container.name : [],
    );
  const lost = down.filter(({ container, isStale }) => isStale || container === undefined);
  // What is not stale needs none of the others to be made anew.
  const recreate = lost.some(({ isStale }) => isStale) ? "--force-recreate" : "--no-recreate";
  const remade = lost.map(({ recorded }) => recorded);
  return [
    ...dockerCommand(
      "unpause",
      found((state) => state === "paused"),
    ),
    ...(remade.length === 0 ? [] : [composeUp(record, remade, [recreate])]),
    ...dockerCommand("start", found(isEnded)),
    ...dockerCommand(
      "restart",
      found((state) => state !== "paused" && !isEnded(state)),
    ),
  ].join("; ");
}

function isEnded(state: string): boolean {
  return ["created", "exited", "dead"].includes(state);
}

/** By how it was stopped. */
function guessCommand(record: StackRecord): string {
  if (record.how === "down") return composeUp(record, record.containers, []);
  const names = record.containers.map(({ name }) => name);
  return dockerCommand(record.how === "pause" ? "unpause" : "start", names).join("");
}

function dockerCommand(verb: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [toLine(["docker", verb, ...names])];
}

function composeUp(
  { project, directory, configFiles, environmentFiles }: StackRecord,
  containers: readonly RecordedContainer[],
  options: readonly string[],
): string {
  return toLine([
    ...["docker", "compose", "--project-name", project],
    ...(directory === undefined ? [] : ["--project-directory", directory]),
    ...configFiles.flatMap((file) => ["--file", file]),
    ...environmentFiles.flatMap((file) => ["--env-file", file]),
    ...["up", "--detach", ...options],
    ...new Set(containers.map(({ service }) => service)),
  ]);
}

function toLine(words: readonly string[]): string {
  return words.map(quoteForShell).join(" ");
}
