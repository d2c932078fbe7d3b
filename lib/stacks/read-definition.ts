/** Every file that says what a stack is. */
import { type ComposeReferences, parseReferences } from "#lib/core/compose-files.ts";
import { ask, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

interface Definition {
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/** The given compose files, those that they include or extend, and what all of them name. */
export async function readDefinition(
  asker: FileSystemAsker,
  composeFiles: readonly string[],
): Promise<Definition> {
  const sources = new Set(composeFiles);
  const files = new Set<string>();
  const notes: string[] = [];
  // A set is walked to its end, also when it grows meanwhile.
  for (const file of sources) {
    const text = await ask(asker, ["cat", "--", file]);
    if (!text.ok) {
      notes.push(`Cannot read "${file}": ${text.reason}`);
      continue;
    }
    const references = parse(text.value, file);
    for (const path of references?.composeFiles ?? []) sources.add(path);
    for (const path of references?.files ?? []) files.add(path);
    for (const path of references?.unresolved ?? []) {
      notes.push(`"${path}" in "${file}" is not archived with it: only compose knows what it stands for`);
    }
  }
  return { files: [...sources, ...files], notes };
}

/** Undefined for what is no YAML: compose says so in better words. */
function parse(text: string, file: string): ComposeReferences | undefined {
  try {
    return parseReferences(text, file);
  } catch {
    return undefined;
  }
}
