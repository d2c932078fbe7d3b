import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineIds } from "#lib/core/machine-ids.ts";
import { errorCode } from "#lib/core/ops-error.ts";

/** Where hardware and hypervisors say who they are: a PC's firmware to root alone, a board's device tree to everybody. */
const hardwareFiles = ["sys/class/dmi/id/product_uuid", "proc/device-tree/serial-number"];

const idLength = 32;

/** What this machine has of both, below `root`; containers often have neither. */
export async function readMachineIds(root = "/"): Promise<MachineIds> {
  const machineId = await readWord(join(root, "etc/machine-id"));
  const words = await Promise.all(hardwareFiles.map((file) => readWord(join(root, file))));
  const hardware = words.find((word) => word !== undefined);
  // A serial number is nobody else's business.
  const hardwareId = hardware && createHash("sha256").update(hardware).digest("hex").slice(0, idLength);
  return { machineId, hardwareId };
}

/** Undefined where there is none, or not for this user. */
async function readWord(path: string): Promise<string | undefined> {
  try {
    const word = (await readFile(path, "utf8")).replaceAll("\0", "").trim();
    return word === "" ? undefined : word;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
