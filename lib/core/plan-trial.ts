/** A stack turned into a copy that may run beside it: its own names, its own networks without a way out, its restored data. */
import {
  type IsolatedService,
  isolateService,
  listMade,
  type TrialPlaces,
} from "#lib/core/isolate-service.ts";
import { judgeIsolation } from "#lib/core/judge-isolation.ts";
import {
  boundDevice,
  needsOf,
  sourcesOf,
  type TrialModel,
  type TrialService,
} from "#lib/core/trial-model.ts";

export interface TrialRequest {
  readonly model: TrialModel;
  /** Name of the copy's project. */
  readonly project: string;
  /** From `chooseServices`. */
  readonly chosen: readonly string[];
  /** By the path as it stands in the model. */
  readonly places: TrialPlaces;
  /** Where the restored data of a volume are, by docker's name of it; those without one by their container and place. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly missingImages: ReadonlySet<string>;
}

export interface TrialPlan {
  /** Names of the services that are started; none when nothing of it can be. */
  readonly services: readonly string[];
  /** For compose. */
  readonly model: object;
  /** Of the services, in their order. */
  readonly images: readonly string[];
  /** What must be there before it is started: directories, where nothing is yet. */
  readonly made: readonly string[];
  /** Why something is not started, and what is not as it was; one line each. */
  readonly notes: readonly string[];
}

/**
 * A network without a way out still leads to its host, and by that to what the stack publishes there: to the live database. An
 * address of the host in it, which is the way, is therefore left out.
 */
const closedNetwork = {
  internal: true,
  driver_opts: { "com.docker.network.bridge.inhibit_ipv4": "true" },
};

/** The name of what compose would build for a service. */
export function imageOf({ name }: TrialModel, service: string, { image }: TrialService): string {
  return image ?? `${name}-${service}`;
}

/** What ran, and whatever it needs; where that is not known, everything that no profile holds back. */
export function chooseServices(
  { services }: TrialModel,
  running: readonly string[] | undefined,
): readonly string[] {
  const known = services ?? {};
  const usual = Object.entries(known).flatMap(([name, { profiles }]) => (profiles?.length ? [] : name));
  const chosen = new Set(running ?? usual);
  // A set is walked to its end, also when it grows meanwhile.
  for (const name of chosen) for (const need of needsOf(known[name] ?? {})) chosen.add(need);
  return [...chosen];
}

export function planTrial(request: TrialRequest): TrialPlan {
  const { model, project, places } = request;
  const reasons = leaveOut(request);
  const started = request.chosen.flatMap((name): (readonly [string, TrialService])[] => {
    const service = model.services?.[name];
    return service === undefined || reasons.has(name) ? [] : [[name, service]];
  });
  const names = new Set(started.map(([name]) => name));
  const services = started.map(([name, service]): readonly [string, IsolatedService] => [
    name,
    isolateService(service, imageOf(model, name, service), places, names),
  ]);
  const networks = new Set(services.flatMap(([, service]) => Object.keys(service.networks ?? {})));
  const volumes = planVolumes(
    request,
    started.map(([, service]) => service),
  );
  const sources = new Set(started.flatMap(([, service]) => sourcesOf(model, service)));
  const empty = [...sources].filter((source) => places.get(source)?.kind === "empty");
  return {
    services: [...names],
    images: started.map(([name, service]) => imageOf(model, name, service)),
    made: started.flatMap(([, service]) => listMade(service, places)),
    model: {
      name: project,
      services: Object.fromEntries(services),
      networks: Object.fromEntries([...networks].map((key) => [key, closedNetwork])),
      volumes: Object.fromEntries(volumes.map(({ key, definition }) => [key, definition])),
      secrets: planFiles(model.secrets, sources, places),
      configs: planFiles(model.configs, sources, places),
    },
    notes: [
      ...[...reasons].map(([name, reason]) => `"${name}" was not started: ${reason}`),
      ...[...empty, ...volumes.flatMap(({ missing }) => missing ?? [])].map(
        (source) => `"${source}" was empty: the set does not have it`,
      ),
      ...[...request.volumes.keys()]
        .filter(isUnnamed)
        .map((title) => `"${title}" was empty: a copy is not given volumes without a name`),
    ],
  };
}

/** By service, why it is not started. */
function leaveOut(request: TrialRequest): ReadonlyMap<string, string> {
  const { model, chosen } = request;
  const reasons = new Map<string, string>();
  for (const name of chosen) {
    const service = model.services?.[name];
    const reason = service === undefined ? "its compose files do not have it" : judge(request, name, service);
    if (reason !== undefined) reasons.set(name, reason);
  }
  // What needs one that is not started, until nothing is added any more.
  for (let before = -1; before < reasons.size; ) {
    before = reasons.size;
    for (const name of chosen) {
      const lacking = needsOf(model.services?.[name] ?? {}).find((need) => reasons.has(need));
      if (lacking !== undefined && !reasons.has(name)) reasons.set(name, `it needs "${lacking}"`);
    }
  }
  return reasons;
}

function judge(
  { model, places, missingImages }: TrialRequest,
  name: string,
  service: TrialService,
): string | undefined {
  const reason = judgeIsolation(service);
  if (reason !== undefined) return reason;
  const refused = sourcesOf(model, service)
    .map((source) => places.get(source))
    .find((place) => place?.kind === "refused");
  if (refused?.kind === "refused") return refused.reason;
  const image = imageOf(model, name, service);
  return missingImages.has(image) ? `its image ${image} is not on this host (docker pull)` : undefined;
}

/** `shop-db-1:/data`; the name of a volume has no colon. */
function isUnnamed(title: string): boolean {
  return title.includes(":");
}

interface PlannedVolume {
  readonly key: string;
  readonly definition: object;
  /** Docker's name of what the set does not have: it is new, and empty. */
  readonly missing: string | undefined;
}

function planVolumes(
  { model, places, volumes }: TrialRequest,
  services: readonly TrialService[],
): readonly PlannedVolume[] {
  const mounts = services.flatMap((service) => service.volumes ?? []);
  const used = mounts.flatMap(({ type, source }) => (type === "volume" && source ? source : []));
  return [...new Set(used)].map((key) => {
    const volume = model.volumes?.[key] ?? null;
    const name = volume?.name ?? `${model.name}_${key}`;
    const place = places.get(boundDevice(volume) ?? "");
    const device = volumes.get(name) ?? (place?.kind === "restored" ? place.path : undefined);
    if (device !== undefined)
      return { key, definition: { driver_opts: { type: "none", o: "bind", device } }, missing: undefined };
    return { key, definition: {}, missing: place === undefined ? name : undefined };
  });
}

/** Secrets or configs that are used: files from where they were restored. */
function planFiles(files: TrialModel["secrets"], sources: ReadonlySet<string>, places: TrialPlaces): object {
  return Object.fromEntries(
    Object.entries(files ?? {}).flatMap(([key, { name: _live, file, ...more }]) => {
      if (file === undefined) return [[key, more]];
      const place = places.get(file);
      const isUsed = sources.has(file) && place !== undefined && "path" in place;
      return isUsed ? [[key, { ...more, file: place.path }]] : [];
    }),
  );
}
