/** A service of a stack as it is written for a copy of the stack: nothing of it reaches the stack itself, or its host. */
import { isKept } from "#lib/core/judge-isolation.ts";
import type { TrialMount, TrialService } from "#lib/core/trial-model.ts";

/** What stands for a path of this host. */
export type TrialPlace =
  | { readonly kind: "restored"; readonly path: string }
  /** The set does not have it: an empty directory among what was restored. */
  | { readonly kind: "empty"; readonly path: string }
  /** Read, never written: what is the same for everybody on the host, or a file that lies outside the stack. */
  | { readonly kind: "live"; readonly path: string }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: string };

export type TrialPlaces = ReadonlyMap<string, TrialPlace>;

export interface IsolatedService extends Readonly<Record<string, unknown>> {
  readonly networks?: object | undefined;
}

/** Proxies watch containers for these as they do for labels. */
const announcement = /^(?:VIRTUAL|LETSENCRYPT|ACME)_/;

/** The first whom the kernel takes memory from, the last whom it gives a processor, and no more than this in a log. */
const modest = {
  restart: "no",
  oom_score_adj: 1000,
  cpu_shares: 128,
  logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "1" } },
};

/** `others` are those that are started with it; what is refused has been left out before. */
export function isolateService(
  service: TrialService,
  image: string,
  places: TrialPlaces,
  others: ReadonlySet<string>,
): IsolatedService {
  const kept = Object.entries(service).filter(([key]) => isKept(key));
  const { network_mode: _mode, networks: _networks, ...rest } = Object.fromEntries(kept);
  const { network_mode: mode = "" } = service;
  const needed = Object.entries(service.depends_on ?? {}).filter(([need]) => others.has(need));
  const limits = service.deploy?.resources?.limits;
  // Whatever else it may say: the name of a network is that of the stack itself, or of another one.
  const isShutOff = mode === "none" || mode.startsWith("service:");
  return {
    ...rest,
    ...modest,
    image,
    environment: Object.fromEntries(
      Object.entries(service.environment ?? {}).filter(([key]) => !announcement.test(key)),
    ),
    depends_on: Object.fromEntries(needed),
    deploy: limits ? { resources: { limits } } : {},
    volumes: (service.volumes ?? []).flatMap((mount) => placeMount(mount, places)),
    ...(isShutOff ? { network_mode: mode } : { networks: joinNetworks(service) }),
  };
}

/**
 * By their names alone: fixed addresses are those of the stack itself. A container's own name is one as well, by which others of
 * the stack may look for it.
 */
function joinNetworks({ networks, container_name: name }: TrialService): object {
  const joined = Object.entries(networks ?? { default: null });
  const names = name === undefined ? [] : [name];
  return Object.fromEntries(
    joined.map(([key, network]) => [key, { aliases: [...(network?.aliases ?? []), ...names] }]),
  );
}

function placeMount(mount: TrialMount, places: TrialPlaces): TrialMount[] {
  if (mount.type !== "bind") return [mount];
  const { target, read_only, source = "" } = mount;
  const place = places.get(source);
  if (place === undefined || place.kind === "refused" || place.kind === "none") return [];
  return [
    {
      type: "bind",
      source: place.path,
      ...(target === undefined ? {} : { target }),
      read_only: read_only === true || place.kind === "live",
      // Docker may see other directories than we do, and is to make none where we do not look.
      bind: { create_host_path: false },
    },
  ];
}

/** Directories that docker would make after a restore, if they are not there: unless the file says that they must be. */
export function listMade(service: TrialService, places: TrialPlaces): readonly string[] {
  return (service.volumes ?? []).flatMap(({ type, source = "", bind }) => {
    const place = type === "bind" ? places.get(source) : undefined;
    if (place?.kind === "empty") return place.path;
    return place?.kind === "restored" && bind?.create_host_path === true ? place.path : [];
  });
}
