/** Compose files: their names, and the other files that they need. */
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** In the order in which compose prefers them. */
export const composeFileNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** The first of them is taken as well, whatever the other file is called. */
export const overrideFileNames = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

/** The project's name that compose makes of a directory's, unless a file or a variable gives another. */
export function deriveProjectName(directoryName: string): string {
  return directoryName
    .toLowerCase()
    .replaceAll(/[^-_a-z0-9]/g, "")
    .replace(/^[_-]+/, "");
}

export interface ComposeReferences {
  /** Other compose files: `include`, `extends`. */
  readonly composeFiles: readonly string[];
  /** Env files and files of labels. */
  readonly files: readonly string[];
  /** As written: what only compose can resolve, since there is a variable in it. */
  readonly unresolved: readonly string[];
}

const textOrList = z
  .union([z.string(), z.array(z.union([z.string(), z.object({ path: z.string() }).loose()]))])
  .nullish();

const includeSchema = z.union([
  z.string(),
  z.object({ path: textOrList, env_file: textOrList, project_directory: z.string().nullish() }).loose(),
]);

const serviceSchema = z
  .object({
    env_file: textOrList.catch(undefined),
    label_file: textOrList.catch(undefined),
    extends: z
      .union([z.string(), z.object({ file: z.string().nullish() }).loose()])
      .nullish()
      .catch(undefined),
  })
  .loose();

const fileSchema = z
  .object({
    include: z.array(includeSchema).nullish().catch(undefined),
    services: z.record(z.string(), serviceSchema.nullish().catch(undefined)).nullish().catch(undefined),
  })
  .loose();

/**
 * What a compose file names beside itself: compose's own answer holds what was in these files, no longer which they were.
 *
 * Paths are relative to the file. Throws for a text that is no YAML; what is odd in other ways is compose's to say.
 */
export function parseReferences(text: string, file: string): ComposeReferences {
  const parsed = fileSchema.safeParse(parse(text, { merge: true, logLevel: "error" }));
  if (!parsed.success) return { composeFiles: [], files: [], unresolved: [] };
  const services = Object.values(parsed.data.services ?? {});
  const includes = parsed.data.include ?? [];
  const composeFiles = [
    ...includes.flatMap((include) => (typeof include === "string" ? include : listOf(include.path))),
    ...services.flatMap((service) => {
      const extended = service?.extends;
      return typeof extended === "object" ? (extended?.file ?? []) : [];
    }),
  ];
  const files = [
    ...includes.flatMap((include) => (typeof include === "string" ? [] : listOf(include.env_file))),
    ...services.flatMap((service) => [...listOf(service?.env_file), ...listOf(service?.label_file)]),
  ];
  const isResolvable = (path: string) => !/[$]|^[a-z]+:\/\//.test(path);
  const toAbsolute = (paths: readonly string[]) => [
    ...new Set(paths.filter(isResolvable).map((path) => resolve(dirname(file), path))),
  ];
  return {
    composeFiles: toAbsolute(composeFiles),
    files: toAbsolute(files),
    unresolved: [...new Set([...composeFiles, ...files].filter((path) => !isResolvable(path)))],
  };
}

function listOf(value: z.infer<typeof textOrList>): string[] {
  if (value === undefined || value === null) return [];
  return typeof value === "string"
    ? [value]
    : value.map((item) => (typeof item === "string" ? item : item.path));
}
