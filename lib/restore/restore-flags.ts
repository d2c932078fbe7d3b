/** Flags of `restore` beside the common ones. */
export const restoreFlags = {
  from: {
    value: "PLACE",
    help: "work without a configuration on this directory, ssh://USER@HOST:PORT/PATH or rclone:REMOTE:PATH",
  },
  "key-file": { value: "FILE", help: "private key for --from ssh://…" },
  host: { value: "NAME", help: "sets of this host" },
  job: { value: "NAME", help: "sets of this job" },
  all: { help: "verify: every set in every place" },
  sample: { value: "PERCENT", help: "verify: so many of the sets, chosen by chance" },
} as const;
