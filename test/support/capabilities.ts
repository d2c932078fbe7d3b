/** What this process may do, so that a test can name what it skips. */
import { existsSync, readFileSync } from "node:fs";
import { getuid } from "node:process";

const sysAdminBit = 21n;

export const isRoot = getuid?.() === 0;

/** Mounts, `trusted.*` and `security.*` attributes: root in a container often lacks it. */
export const isSystemAdmin = hasCapability(sysAdminBit);

export const hasLoopDevices = isSystemAdmin && existsSync("/dev/loop-control");

function hasCapability(bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}
