/** Where copies of finished sets go beside the local destinations, as configured. */
import type { RequiredMount } from "#lib/core/required-mount.ts";
import type { RetentionPolicy } from "#lib/core/retention-plan.ts";

export type StoreAddress =
  | { readonly kind: "directory"; readonly path: string }
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly port: number | undefined;
      readonly user: string | undefined;
      /** Absolute, or relative to the login directory; may hold spaces and quotes. */
      readonly path: string;
    }
  /** `remote:path` as rclone writes it. */
  | { readonly kind: "rclone"; readonly remote: string };

/** On these days of the month the first set goes to a tier of its own. */
export interface Tier {
  readonly name: string;
  /** 1 to 31; in shorter months the last day stands for those that they lack. */
  readonly days: readonly number[];
}

export interface StoreTarget {
  /** From its settings, in small letters: `STORE_NAS_URL` is "nas". */
  readonly name: string;
  readonly address: StoreAddress;
  /** Without it the run has failed; otherwise it is partial. */
  readonly isRequired: boolean;
  /** Path of a set below the base; `{tier}` is the set's tier. */
  readonly layout: string;
  /** Tier of every set that no other tier takes. */
  readonly defaultTier: string;
  readonly tiers: readonly Tier[];
  readonly retention: RetentionPolicy;
  /** At most so many sets are removed in one run. */
  readonly maxRemovals: number;
  /** More sets than these never wait. */
  readonly maxWaiting: number;
  /** For all uploads of one run together. */
  readonly timeoutMs: number;
  readonly stallMs: number;
  /** Undefined: as fast as it goes. */
  readonly bytesPerSecond: number | undefined;
  /** Directories only: what must be mounted there. */
  readonly mount: RequiredMount | undefined;
  /** ssh only. */
  readonly keyFile: string | undefined;
  readonly knownHostsFile: string | undefined;
  /** rclone only: its configuration file. */
  readonly rcloneConfig: string | undefined;
}
