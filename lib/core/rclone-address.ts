/** Which server a remote of rclone is at, as its configuration (`rclone config dump`) has it. */
import { z } from "zod";

export interface TlsAddress {
  readonly host: string;
  readonly port: number;
}

const dumpSchema = z.record(z.string(), z.record(z.string(), z.unknown()));

/** Layers such as crypt, chunker and alias; a configuration may also lead round. */
const mostLayers = 5;
const httpsPort = 443;

/** The server that a remote speaks TLS with; undefined where its own configuration names none. */
export function findTlsAddress(dump: string, remote: string): TlsAddress | undefined {
  const sections = parseDump(dump);
  let name = nameOf(remote);
  for (let layer = 0; layer < mostLayers && name !== undefined; layer += 1) {
    const section = sections[name] ?? {};
    const address = [section["url"], section["endpoint"]].flatMap((value) => readAddress(value) ?? [])[0];
    if (address !== undefined) return address;
    const below = section["remote"];
    name = typeof below === "string" ? nameOf(below) : undefined;
  }
  return undefined;
}

function parseDump(dump: string): z.infer<typeof dumpSchema> {
  try {
    return dumpSchema.safeParse(JSON.parse(dump)).data ?? {};
  } catch {
    // A release of rclone that prints something else says nothing.
    return {};
  }
}

/** `nas` of `nas:backups` and of `nas,timeout=5s:backups`; a remote without a name is in no configuration. */
function nameOf(remote: string): string | undefined {
  return /^([^:,]+)[,:]/.exec(remote)?.[1];
}

function readAddress(value: unknown): TlsAddress | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const { protocol, hostname, port } = new URL(value);
  if (protocol !== "https:" || hostname === "") return undefined;
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? httpsPort : Number(port) };
}
