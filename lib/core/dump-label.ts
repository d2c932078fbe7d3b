import type { Container } from "#lib/core/containers.ts";

/** The label of a service whose database is dumped while it runs, instead of being stopped and archived. */
export const dumpLabel = "lastgood.dump";

const kinds: Readonly<Record<string, DumpKind>> = {
  postgres: "postgres",
  postgresql: "postgres",
  mysql: "mysql",
  mariadb: "mysql",
};

export type DumpKind = "postgres" | "mysql";

/** By what it is dumped; undefined without the label, and for a word that nobody knows. */
export function dumpKindOf({ labels }: Pick<Container, "labels">): DumpKind | undefined {
  return kinds[labels[dumpLabel]?.toLowerCase() ?? ""];
}

/** Whether it is dumped: one that does not run is archived like any other. */
export function isDumped(container: Pick<Container, "labels" | "state">): boolean {
  return container.state === "running" && dumpKindOf(container) !== undefined;
}

/** What is wrong with the label; undefined when nothing is. Such a service is stopped and archived. */
export function dumpLabelProblem({ name, labels }: Pick<Container, "name" | "labels">): string | undefined {
  const word = labels[dumpLabel];
  if (word === undefined || word === "" || dumpKindOf({ labels }) !== undefined) return undefined;
  return `Container "${name}" has the label ${dumpLabel}=${word}, which is none of ${Object.keys(kinds).join(", ")}: it is stopped`;
}
