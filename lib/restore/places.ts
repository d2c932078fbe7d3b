/** Where sets are looked for: the job's destinations and stores, or one address that the command line names. */
import { join, resolve } from "node:path";
import type { Settings } from "#lib/config/schema.ts";
import { parseStoreAddress } from "#lib/config/store-parsers.ts";
import type { CommandContext } from "#lib/core/command.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { layoutDepth } from "#lib/core/set-layout.ts";
import type { StoreAddress, StoreTarget } from "#lib/core/store-target.ts";
import { createRemote } from "#lib/stores/registry.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";

export interface Place {
  /** `local`, `second`, a store's name, or the address itself. */
  readonly name: string;
  readonly target: StoreTarget;
  readonly remote: Remote;
  /** Its directory on this host; undefined when its files have to be fetched. */
  readonly directory: string | undefined;
  /** How deep below it sets may lie. */
  readonly depths: readonly number[];
  readonly limits: RemoteLimits;
}

export type RestoreContext = CommandContext<Settings>;

/** Without a configuration: deep enough for every layout of ours, and those of the legacy scripts. */
const deepest = 6;
const defaultLimits = { fsTimeoutMs: 60_000, stallMs: 300_000 };

/** In the order in which they are preferred. Throws OpsError "usage". */
export function openPlaces(context: RestoreContext): readonly [Place, ...Place[]] {
  const { flags, settings } = context;
  const from = flags["from"];
  if (typeof from === "string") return [openAddress(context, from)];
  if (settings === undefined) throw new OpsError("Nothing says where sets are", { outcome: "usage" });
  const { BACKUP_DIR, SECONDARY_DIR, BACKUP_LAYOUT, STORES } = settings;
  const depths = [layoutDepth(BACKUP_LAYOUT)];
  const local = (name: string, path: string) =>
    openPlace(context, targetOf(name, { kind: "directory", path }, settings), depths);
  return [
    local("local", BACKUP_DIR),
    ...(SECONDARY_DIR === undefined ? [] : [local("second", SECONDARY_DIR)]),
    ...STORES.map((target) => openPlace(context, target, [layoutDepth(target.layout)])),
  ];
}

/** What a slow file system and a slow stream are given. */
export function limitsOf({ settings }: RestoreContext): {
  readonly fsTimeoutMs: number;
  readonly stallMs: number;
} {
  if (settings === undefined) return defaultLimits;
  return { fsTimeoutMs: settings.FS_TIMEOUT, stallMs: settings.STALL_TIMEOUT };
}

function openAddress(context: RestoreContext, text: string): Place {
  const isPath = !/^(?:ssh:|rclone:|\/)/.test(text);
  const parsed = parseStoreAddress(isPath ? resolve(context.cwd, text) : text);
  if (!parsed.ok) {
    throw new OpsError(`Cannot use --from "${text}"`, {
      outcome: "usage",
      hint: `Expected is ${parsed.expected}`,
    });
  }
  const { flags, settings } = context;
  const keyFile = flags["key-file"];
  const target = {
    ...targetOf(text, parsed.address, settings),
    ...(typeof keyFile === "string" ? { keyFile: resolve(context.cwd, keyFile) } : {}),
  };
  return openPlace(
    context,
    target,
    Array.from({ length: deepest + 1 }, (_, depth) => depth),
  );
}

/** The place that a place lies in, and its name there; undefined when there is none. */
export function openUpper(
  context: RestoreContext,
  place: Place,
): { readonly place: Place; readonly name: string } | undefined {
  const { address } = place.target;
  const path = (address.kind === "rclone" ? address.remote : address.path).replace(/\/+$/, "");
  const [, above, name] = /^(.*[/:])([^/:]+)$/.exec(path) ?? [];
  if (above === undefined || name === undefined) return undefined;
  const upper: StoreAddress =
    address.kind === "rclone" ? { ...address, remote: above } : { ...address, path: above };
  return { place: openPlace(context, { ...place.target, address: upper }, []), name };
}

function openPlace(context: RestoreContext, target: StoreTarget, depths: readonly number[]): Place {
  const { deps, childEnvironment, signal, cacheDirectory } = context;
  const remote = createRemote(target, {
    exec: deps.exec,
    clock: deps.clock,
    env: childEnvironment,
    cacheDirectory: join(cacheDirectory, encodeURIComponent(target.name).slice(0, 200)),
  });
  const { address, name } = target;
  const { fsTimeoutMs } = limitsOf(context);
  return {
    name,
    target,
    remote,
    directory: address.kind === "directory" ? address.path : undefined,
    depths,
    limits: { signal, timeoutMs: fsTimeoutMs },
  };
}

/** A target that is only read. */
function targetOf(name: string, address: StoreAddress, settings: Settings | undefined): StoreTarget {
  const { stallMs } = settings === undefined ? defaultLimits : { stallMs: settings.STALL_TIMEOUT };
  return {
    name,
    address,
    isRequired: false,
    layout: "",
    defaultTier: "",
    tiers: [],
    retention: { last: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, timeZone: "UTC" },
    maxRemovals: 0,
    maxWaiting: 0,
    timeoutMs: stallMs,
    stallMs,
    bytesPerSecond: undefined,
    mount: undefined,
    keyFile: undefined,
    knownHostsFile: undefined,
    rcloneConfig: undefined,
  };
}
