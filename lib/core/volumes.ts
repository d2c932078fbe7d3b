/** Volumes as docker tells of them. */
import { z } from "zod";

export interface Volume {
  readonly name: string;
  readonly driver: string;
  /** Where docker keeps, or mounts, its data on this host. */
  readonly mountpoint: string;
  /** Of the driver; those of the local one are a mount: `type`, `o`, `device`. */
  readonly options: Readonly<Record<string, string>>;
}

const volumesSchema = z.array(
  z.object({
    Name: z.string(),
    Driver: z.string(),
    Mountpoint: z.string(),
    Options: z.record(z.string(), z.string()).nullish(),
  }),
);

/** What `docker volume inspect` prints. Throws ZodError or SyntaxError for anything else. */
export function parseVolumes(json: string): Volume[] {
  return volumesSchema.parse(JSON.parse(json)).map(({ Name, Driver, Mountpoint, Options }) => ({
    name: Name,
    driver: Driver,
    mountpoint: Mountpoint,
    options: Options ?? {},
  }));
}

/** Why the data of a volume does not lie on this host; a problem, unless there is none that would last. */
export interface Elsewhere {
  readonly reason: string;
  readonly isProblem: boolean;
}

/** Where the data of a volume lies on this host also while nobody uses it, or why it does not. */
export function locateVolume(volume: Volume): { readonly path: string } | Elsewhere {
  if (volume.driver !== "local") return { reason: `its driver is ${volume.driver}`, isProblem: true };
  const { type, o = "", device } = volume.options;
  if (device === undefined || device === "") return { path: volume.mountpoint };
  if (type === "tmpfs") return { reason: "it lives in memory", isProblem: false };
  if (o.split(",").some((option) => option === "bind" || option === "rbind")) return { path: device };
  return {
    reason: `it is a mount of type ${type ?? "unknown"}, there only while it is in use`,
    isProblem: true,
  };
}
