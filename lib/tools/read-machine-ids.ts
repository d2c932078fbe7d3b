import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineIds } from "#lib/core/machine-ids.ts";
import { errorCode } from "#lib/core/ops-error.ts";

/** Where hardware and hypervisors say who they are: a PC's firmware to root alone, a board's device tree to everybody. */
const hardwareFiles = ["sys/class/dmi/id/product_uuid", "proc/device-tree/serial-number"];

/** What LXC and systemd-nspawn, podman and docker put into a container. It sees the hardware of a host that it may leave tomorrow. */
const containerFiles = ["run/systemd/container", "run/.containerenv", ".dockerenv"];

const idLength = 32;

/** What this machine has of both, below `root`; a container has no hardware. */
export async function readMachineIds(root = "/"): Promise<MachineIds> {
  const machineId = await readWord(join(root, "etc/machine-id"));
  if (await isContainer(root)) return { machineId, hardwareId: undefined };
  const words = await Promise.all(hardwareFiles.map((file) => readWord(join(root, file))));
  const hardware = words.find((word) => word !== undefined);
  // A serial number is nobody else's business. Older kernels write it in capitals.
  const hardwareId =
    hardware && createHash("sha256").update(hardware.toLowerCase()).digest("hex").slice(0, idLength);
  return { machineId, hardwareId };
}

async function isContainer(root: string): Promise<boolean> {
  if (containerFiles.some((file) => existsSync(join(root, file)))) return true;
  // Without systemd only the first process says so: `container=lxc`.
  const environment = await readWord(join(root, "proc/1/environ"));
  return environment?.startsWith("container=") === true || environment?.includes("\0container=") === true;
}

/** Undefined where there is none, or not for this user. */
async function readWord(path: string): Promise<string | undefined> {
  try {
    // A device tree ends its words with a zero byte.
    const word = (await readFile(path, "utf8")).replace(/\0$/, "").trim();
    return word === "" ? undefined : word;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
