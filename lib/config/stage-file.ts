/** A stage file: YAML, each mistake named by line and key. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isScalar, LineCounter, parseDocument } from "yaml";
import { type StageProblem, stageFileSchema, toStagePlan } from "#lib/config/stage-schema.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { StagePlan } from "#lib/core/stage.ts";
import { suggest } from "#lib/core/suggest.ts";

/** The stages that are used when no file is named. */
export const shippedStages = fileURLToPath(new URL("../../examples/predeploy/stages.yaml", import.meta.url));

/** Throws OpsError "config" with every problem. */
export async function readStageFile(path: string): Promise<StagePlan> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const hint = "Correct PREDEPLOY_STAGES; unset, the shipped stages are used";
    throw new OpsError(`Cannot read the stage file "${path}"`, { outcome: "config", hint, cause });
  }
  return parseStageFile(path, text);
}

/** Throws OpsError "config" with every problem. */
export function parseStageFile(path: string, text: string): StagePlan {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const broken = [...document.errors, ...document.warnings].map(
    ({ pos, message }) => `${path}:${lineAt(pos[0])} ${message}`,
  );
  if (broken.length > 0) throw invalid(path, broken);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalid(path, [`${path} ${describeError(error)}`]);
  }
  const parsed = stageFileSchema.safeParse(content);
  if (parsed.success) return toStagePlan(parsed.data);
  const lineOf = (keys: readonly PropertyKey[]): number => {
    for (let length = keys.length; length > 0; length -= 1) {
      const offset = offsetOf(document, keys.slice(0, length));
      if (offset !== undefined) return lineAt(offset);
    }
    return 1;
  };
  const problems = parsed.error.issues.flatMap((issue: StageProblem) => {
    if (issue.code !== "unrecognized_keys") return [describe(issue.path, issue.message)];
    return issue.keys.map((key) => describe([...issue.path, key], `is no key of this place${near(key)}`));
  });
  function describe(keys: readonly PropertyKey[], message: string): string {
    const place = keys.map((key) => (typeof key === "number" ? `[${key + 1}]` : `.${String(key)}`)).join("");
    return `${path}:${lineOf(keys)} ${place.replace(/^\./, "") || "file"}: ${message}`;
  }
  throw invalid(path, problems);
}

/** Where a key stands in the text, or an item of a list. */
function offsetOf(
  document: ReturnType<typeof parseDocument>,
  keys: readonly PropertyKey[],
): number | undefined {
  const parent: unknown = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
  const last = keys.at(-1);
  if (typeof parent !== "object" || parent === null || !("items" in parent)) return undefined;
  const items: readonly unknown[] = Array.isArray(parent.items) ? parent.items : [];
  const found =
    typeof last === "number"
      ? items[last]
      : items.map(keyNode).find((key) => isScalar(key) && key.value === last);
  if (typeof found !== "object" || found === null || !("range" in found)) return undefined;
  return Array.isArray(found.range) && typeof found.range[0] === "number" ? found.range[0] : undefined;
}

function keyNode(item: unknown): unknown {
  return typeof item === "object" && item !== null && "key" in item ? item.key : undefined;
}

const keyNames = ["preflight", "stages", ...Object.keys(stageFileSchema.shape.stages.element.shape)];

function near(key: string): string {
  const name = suggest(key, keyNames);
  return name === undefined ? "" : `: did you mean ${name}?`;
}

function invalid(path: string, problems: readonly string[]): OpsError {
  const [first = "", ...others] = problems;
  const count = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return new OpsError(`The stage file is invalid: ${first}${count}`, {
    outcome: "config",
    hint: `Correct "${path}"; ${shippedStages} is one that works`,
    problems,
  });
}
