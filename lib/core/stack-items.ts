/** What of a stack's archive goes where, when it is restored in its place. Pure. */
import { normalize } from "node:path";
import { z } from "zod";
import type { Component } from "#lib/core/manifest.ts";
import { isWithin } from "#lib/core/mount-table.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { isSystemPath } from "#lib/core/system-paths.ts";

/** A set may be anybody's: no way round in a path, and nothing that belongs to the machine. */
const pathSchema = z
  .string()
  .refine(
    (path) => path.startsWith("/") && normalize(path) === path && !path.endsWith("/"),
    "it is no plain path",
  )
  .refine((path) => !isSystemPath(path), "it belongs to the machine");

const factsSchema = z.looseObject({
  stack: z.string().min(1),
  directory: pathSchema,
  definition: z.array(pathSchema),
  roots: z.array(z.looseObject({ path: pathSchema, origin: z.string(), name: z.string() })),
});

export type StackFacts = z.infer<typeof factsSchema>;

export interface StackItem {
  /** Absolute; its name in the archive has no leading slash. */
  readonly path: string;
  /** What an admin calls it. */
  readonly name: string;
  readonly kind: "data" | "definition";
  /** Docker's name of the volume that it is the data of, where docker keeps that data itself. */
  readonly volume: string | undefined;
}

/** What a component says about its stack. Throws OpsError "failed" when it says nothing of the kind. */
export function readStackFacts({ name, facts }: Component): StackFacts {
  const parsed = factsSchema.safeParse(facts);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = `${issue?.path.join(".")}: ${issue?.message}`;
  throw new OpsError(
    `Cannot restore "${name}" in place: its manifest does not say where its files belong (${what})`,
    {
      outcome: "failed",
      hint: "Restore it into a directory of its own: leave --in-place out",
    },
  );
}

/** Where its files belong, for whoever looks for those of one service; nothing of what is no stack. */
export function describeItems({ facts }: Component): readonly string[] {
  const { data } = factsSchema.safeParse(facts);
  if (data === undefined) return [];
  return listItems(data, []).map(({ path, name }) => (name === path ? path : `${path} (${name})`));
}

/** All of it, or `paths` in it. Throws OpsError "usage" for a path that the archive cannot have. */
export function listItems(facts: StackFacts, paths: readonly string[]): readonly StackItem[] {
  const all = [
    ...facts.roots.map(({ path, origin, name }): StackItem => {
      const volume = origin === "volume" ? volumeOf(path) : undefined;
      return { path, name, kind: "data", volume };
    }),
    ...facts.definition.map(
      (path): StackItem => ({ path, name: path, kind: "definition", volume: undefined }),
    ),
  ];
  if (paths.length === 0) return all;
  const wanted = [...new Set(paths.map(plainPath))];
  return wanted
    .filter((path) => !wanted.some((other) => other !== path && isWithin(path, other)))
    .flatMap((path) => findItems(all, path));
}

/** An item that lies in the path, or a path that lies in an item. */
function findItems(all: readonly StackItem[], path: string): readonly StackItem[] {
  const inside = all.filter((item) => isWithin(item.path, path));
  if (inside.length > 0) return inside;
  const holder = all.find((item) => item.kind === "data" && isWithin(path, item.path));
  // A part of a volume lies where docker keeps the volume on this host: only as a whole it is known by its name.
  if (holder !== undefined) return [{ ...holder, path, name: path, volume: undefined }];
  throw new OpsError(`The stack has no "${path}"`, {
    outcome: "usage",
    hint: `Paths are absolute, and lie in ${all.map((item) => item.path).join(", ")}`,
  });
}

/** Without `..` and a slash at the end. */
function plainPath(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, "");
}

function volumeOf(path: string): string | undefined {
  return /\/volumes\/([^/]+)\/_data$/.exec(path)?.[1];
}

/** A volume that nobody gave a name: found by its container alone. */
export function isAnonymousVolume(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
