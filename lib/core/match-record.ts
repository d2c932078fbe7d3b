/** Which containers of today are those of a record: some were made anew in the meantime. */
import type { Container } from "#lib/core/containers.ts";
import type { RecordedContainer, StackRecord } from "#lib/core/stack-record.ts";

export interface Match {
  readonly recorded: RecordedContainer;
  /** Undefined when it is gone and nothing took its place. */
  readonly container: Container | undefined;
}

/**
 * A container for each of the record: the same one, else the one of its name, else another of its service.
 *
 * None stands for two, so that of three replicas that ran three must run again.
 */
export function matchRecord(record: StackRecord, containers: readonly Container[]): Match[] {
  const free = new Set(containers.filter(({ project, isOneOff }) => project === record.project && !isOneOff));
  const found = new Map<RecordedContainer, Container>();
  const rules: readonly ((recorded: RecordedContainer, container: Container) => boolean)[] = [
    (recorded, container) => recorded.id === container.id,
    (recorded, container) => recorded.name === container.name && recorded.service === container.service,
    (recorded, container) => recorded.service === container.service,
  ];
  for (const fits of rules) {
    for (const recorded of record.containers) {
      if (found.has(recorded)) continue;
      const container = [...free].find((one) => fits(recorded, one));
      if (container === undefined) continue;
      found.set(recorded, container);
      free.delete(container);
    }
  }
  return record.containers.map((recorded) => ({ recorded, container: found.get(recorded) }));
}
