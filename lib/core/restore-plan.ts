/** What a restore would write, decided before anything is. Pure. */
import { compressionOf } from "#lib/core/decompression.ts";
import type { Component, Manifest } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";

/** A component, and what becomes of it. */
export type PlannedPart =
  /** An archive, extracted into a new directory. */
  | { readonly kind: "tree"; readonly component: Component; readonly name: string }
  /** A dump, decompressed into a new file. */
  | { readonly kind: "file"; readonly component: Component; readonly name: string }
  /** A dump, loaded into a new database of a server. */
  | { readonly kind: "database"; readonly component: Component; readonly name: string };

export interface PlanWishes {
  /** All when there are none. */
  readonly components: readonly string[];
  /** Of archives, only these and what lies below them. */
  readonly paths: readonly string[];
  /** Whether a dump can be loaded into a database, and under which name. */
  readonly databaseFor: (component: Component) => string | undefined;
}

/** Throws OpsError "failed" when the set lacks what is asked for, "usage" when that makes no sense. */
export function planRestore(manifest: Manifest, wishes: PlanWishes): readonly PlannedPart[] {
  const { components, paths } = wishes;
  const chosen =
    components.length === 0 ? manifest.components : components.map((name) => findComponent(manifest, name));
  if (paths.length === 0) return chosen.map((component) => planPart(component, wishes));
  const archives = chosen.filter(({ format }) => format === "tar");
  const [first, second] = archives;
  if (first === undefined || (components.length > 0 && archives.length < chosen.length)) {
    throw new OpsError("Cannot take paths out of what is no archive of files", { outcome: "usage" });
  }
  if (second !== undefined) {
    throw new OpsError("Cannot tell which archive the paths are in", {
      outcome: "usage",
      hint: `Name one: ${archives.map(({ name }) => `--component ${name}`).join(", or ")}`,
    });
  }
  return [planPart(first, wishes)];
}

/** Room that the parts take up here, beside what is fetched. */
export function bytesNeeded(parts: readonly PlannedPart[]): number {
  return parts
    .filter(({ kind }) => kind !== "database")
    .reduce((sum, { component }) => sum + Math.max(component.bytesIn, component.bytesOut), 0);
}

function planPart(component: Component, wishes: PlanWishes): PlannedPart {
  if (component.format === "tar") return { kind: "tree", component, name: component.name };
  const database = wishes.databaseFor(component);
  if (database !== undefined) return { kind: "database", component, name: database };
  return { kind: "file", component, name: plainName(component.file) };
}

function plainName(file: string): string {
  return compressionOf(file) === "none" ? file : file.slice(0, file.lastIndexOf("."));
}

function findComponent(manifest: Manifest, name: string): Component {
  const found = manifest.components.find((one) => one.name === name);
  if (found !== undefined) return found;
  const missing = manifest.missing.find((one) => one.name === name);
  const names = manifest.components.map((one) => one.name).join(", ");
  throw new OpsError(
    missing === undefined
      ? `The set has no component "${name}"`
      : `The set lacks "${name}": ${missing.problem}`,
    { outcome: "failed", hint: `It has ${names}` },
  );
}
