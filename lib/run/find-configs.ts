import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { xdgDirectory } from "#lib/config/config-file.ts";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import type { World } from "#lib/run/world.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

const answerMs = 10_000;

/** Before a deployment other programs' backups are started: there are no sets to look after. */
const otherPurposes = new Set(["predeploy.env"]);

/** Every configuration of a job: root's in /etc/lastgood, and everybody's own. Throws OpsError "failed". */
export async function findConfigs({
  uid,
  env,
  home,
}: Pick<World, "uid" | "env" | "home">): Promise<string[]> {
  const own = join(xdgDirectory(env, "XDG_CONFIG_HOME", join(home, ".config")), "lastgood");
  const directories = uid === 0 ? ["/etc/lastgood", own] : [own];
  const found = await Promise.all(directories.map(listConfigs));
  return [...new Set(found.flat())];
}

async function listConfigs(directory: string): Promise<string[]> {
  try {
    const names = await withDeadline(readdir(directory), answerMs, `list "${directory}"`);
    return names
      .filter((name) => /^[^.].*\.env$/.test(name) && !otherPurposes.has(name))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return [];
    throw new OpsError(`Cannot list "${directory}"`, { outcome: "failed", hint: "Run as root", cause });
  }
}
