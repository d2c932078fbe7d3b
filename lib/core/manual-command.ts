/** What a person types to bring a stack up when we could not. */
import { quoteForShell } from "#lib/core/shell-quote.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";

/** One line for a shell that starts what ran before, and nothing else. */
export function manualStartCommand(record: StackRecord): string {
  if (record.how !== "down") {
    const verb = record.how === "pause" ? "unpause" : "start";
    return toLine(["docker", verb, ...record.containers.map(({ name }) => name)]);
  }
  const services = [...new Set(record.containers.map(({ service }) => service))];
  const where = record.directory === undefined ? [] : ["--project-directory", record.directory];
  const files = record.configFiles.flatMap((file) => ["--file", file]);
  const environment = record.environmentFiles.flatMap((file) => ["--env-file", file]);
  const project = ["--project-name", record.project];
  return toLine([
    "docker",
    "compose",
    ...project,
    ...where,
    ...files,
    ...environment,
    "up",
    "--detach",
    ...services,
  ]);
}

function toLine(words: readonly string[]): string {
  return words.map(quoteForShell).join(" ");
}
