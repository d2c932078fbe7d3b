/** What a stack mounts: by its compose file as it is, and by its containers as they were made. */
import type { ComposeProject } from "#lib/core/compose-project.ts";
import type { Container } from "#lib/core/containers.ts";
import { isDumped } from "#lib/core/dump-label.ts";

/** A service that the backup leaves alone, with whatever it alone mounts. */
export const skipLabel = "lastgood.skip";
export const skipValues = /^(?:true|yes|on|1)$/i;

interface PathUse {
  readonly path: string;
  readonly isReadOnly: boolean;
  /** A container has it, so it was there once; compose makes others when it starts what mounts them. */
  readonly isMounted: boolean;
}

interface StackUses {
  readonly binds: readonly PathUse[];
  /** Real names, with what an admin calls those without one. */
  readonly volumes: ReadonlyMap<string, { readonly title: string; readonly isExternal: boolean }>;
}

/** Each path and volume once; read-only is what everybody mounts so. */
export function listUses(project: ComposeProject | undefined, containers: readonly Container[]): StackUses {
  const isSkipped = (labels: Readonly<Record<string, string>>) => skipValues.test(labels[skipLabel] ?? "");
  const skipped = new Set([
    ...(project?.services ?? []).flatMap(({ name, labels }) => (isSkipped(labels) ? name : [])),
    // What is dumped needs no copy of its files, which nobody could start from: they change while they are read.
    ...containers.filter(isDumped).map(({ service }) => service),
  ]);
  const kept = containers.filter(({ labels, service }) => !(isSkipped(labels) || skipped.has(service)));
  const mounts = kept.flatMap(({ name, mounts: all }) => all.map((mount) => ({ container: name, ...mount })));
  const binds = new Map<string, PathUse>();
  const addBind = (path: string, isReadOnly: boolean, isMounted: boolean) => {
    const known = binds.get(path) ?? { isReadOnly, isMounted };
    binds.set(path, {
      path,
      isReadOnly: isReadOnly && known.isReadOnly,
      isMounted: isMounted || known.isMounted,
    });
  };
  for (const { path, service, isReadOnly } of project?.binds ?? []) {
    if (!skipped.has(service)) addBind(path, isReadOnly, false);
  }
  for (const { type, source, isReadOnly } of mounts) if (type === "bind") addBind(source, isReadOnly, true);

  const volumes = new Map<string, { readonly title: string; readonly isExternal: boolean }>();
  for (const { name, services, isExternal } of project?.volumes ?? []) {
    const isUnwanted = services.length > 0 && services.every((service) => skipped.has(service));
    if (!isUnwanted) volumes.set(name, { title: name, isExternal });
  }
  for (const { type, volumeName, isAnonymous, container, destination } of mounts) {
    if (type !== "volume" || volumeName === undefined || volumes.has(volumeName)) continue;
    volumes.set(volumeName, {
      title: isAnonymous ? `${container}:${destination}` : volumeName,
      isExternal: false,
    });
  }
  return { binds: [...binds.values()], volumes };
}
