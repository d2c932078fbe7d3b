/** `manifest.json`: what a set says about itself. Readers accept fields that they do not know; `schema` says when not to. */
import { z } from "zod";
import { describeError } from "#lib/core/ops-error.ts";

const currentSchema = 1;

const nameList = z.object({ count: z.number().int().nonnegative(), names: z.array(z.string()).readonly() });
const outcome = z.enum(["complete", "partial"]);

/** What a component's file is once it is decompressed. */
const format = z.enum(["tar", "sql", "pgdump", "sqlite"]);

const componentSchema = z.looseObject({
  name: z.string(),
  /** Kind of the source. */
  source: z.string(),
  /** File in the set's directory. */
  file: z.string().regex(/^[^/]+$/),
  format,
  compression: z.enum(["none", "zstd", "gzip", "xz"]),
  /** Size before compression. */
  bytesIn: z.number().nonnegative(),
  bytesOut: z.number().nonnegative(),
  /** Members of the archive, when it was listed. */
  entries: z.number().int().nonnegative().optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  outcome,
  /** Why it may not be what it should be: too small, no end. */
  doubts: z.array(z.string()).default([]),
  /** Directory trees only: members that need a word. */
  members: z
    .object({ changed: nameList, vanished: nameList, unreadable: nameList, leftOut: nameList })
    .optional(),
  /** What a restore wants to know, by kind of source. */
  facts: z.record(z.string(), z.unknown()).optional(),
  durationSeconds: z.number().nonnegative(),
});

const manifestSchema = z.looseObject({
  schema: z.literal(currentSchema),
  tool: z.looseObject({ name: z.literal("lastgood"), version: z.string(), runtime: z.string() }),
  host: z.looseObject({
    name: z.string(),
    machineId: z.string().optional(),
    hardwareId: z.string().optional(),
  }),
  job: z.string(),
  runId: z.string().min(1),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  timeZone: z.string(),
  outcome,
  problems: z.array(z.string()),
  notes: z.array(z.string()),
  /** What a person chose of the job's sources; absent: it was to hold all of them. */
  selection: z.array(z.string()).optional(),
  /** SHA-256 of the settings used, secrets masked. */
  configHash: z.string(),
  components: z.array(componentSchema).min(1),
  /** Sources that gave nothing to this set. */
  missing: z.array(z.object({ name: z.string(), source: z.string(), problem: z.string() })).default([]),
  /** "medium": read back from the disk itself; "cache": maybe from memory only; "none": not read back. */
  verified: z.looseObject({ at: z.iso.datetime(), how: z.enum(["medium", "cache", "none"]) }),
});

export type ComponentFormat = z.infer<typeof format>;
export type Component = z.infer<typeof componentSchema>;
export type MissingComponent = Manifest["missing"][number];
export type Manifest = z.infer<typeof manifestSchema>;

export type ParsedManifest =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly problem: string };

/** Read a manifest's text; a version that this program does not know is a problem of its own. */
export function parseManifest(text: string): ParsedManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: `its manifest is no JSON: ${describeError(error)}` };
  }
  const version = z.object({ schema: z.number() }).safeParse(value).data?.schema;
  if (version !== undefined && version > currentSchema) {
    return { ok: false, problem: `its manifest has version ${version}, this program knows ${currentSchema}` };
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return { ok: true, manifest: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    problem: `its manifest is not valid: ${issue?.path.join(".") || "it"}: ${issue?.message}`,
  };
}

/** For people as well: indented, ending with a line break. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
