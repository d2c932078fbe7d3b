import type { Settings } from "#lib/config/schema.ts";
import type { StoreAddress } from "#lib/core/store-target.ts";
import type { NeededProgram } from "#lib/preflight/check-program.ts";

const compressors: Readonly<Record<Settings["COMPRESSION"], readonly NeededProgram[]>> = {
  none: [],
  zstd: [{ program: "zstd", package: "zstd" }],
  gzip: [{ program: "gzip", package: "gzip" }],
  xz: [{ program: "xz", package: "xz-utils" }],
};
const carriers: Readonly<Record<StoreAddress["kind"], readonly NeededProgram[]>> = {
  directory: [],
  ssh: [{ program: "ssh", package: "openssh-client", versionFlag: "-V" }],
  rclone: [{ program: "rclone", package: "rclone" }],
};

/** What every run of the job needs; what its sources need beyond that their own preflight asks for. */
export function programsOf({ COMPRESSION, STORES, STACKS_DIR }: Settings): readonly NeededProgram[] {
  return [
    { program: "tar", package: "tar" },
    { program: "flock", package: "util-linux" },
    ...compressors[COMPRESSION],
    ...STORES.flatMap(({ address }) => carriers[address.kind]),
    ...(STACKS_DIR === undefined ? [] : [{ program: "docker", package: "docker-ce-cli or docker.io" }]),
  ];
}
