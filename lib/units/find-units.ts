import { z } from "zod";
import { isTemplate, matchesPattern } from "#lib/core/unit-pattern.ts";
import { lookAtUnit } from "#lib/units/look-at-unit.ts";
import { managerPath, type SystemdBus, systemdName } from "#lib/units/systemd-bus.ts";

const loadedUnits = z.array(z.tuple([z.string(), z.string(), z.string()], z.unknown()));
const unitFiles = z.array(z.tuple([z.string(), z.string()]));

/**
 * Names of the service units that any of the patterns matches, sorted.
 *
 * From the loaded units and from the unit files: a unit without a timer that does not run is not loaded, and an instance of a
 * template or a transient unit has no file of its own. An alias stands for the unit that it means. Templates are left out,
 * since they cannot be started.
 */
export async function findUnits(bus: SystemdBus, patterns: readonly string[]): Promise<readonly string[]> {
  const ask = async (member: string) => {
    const [answer] = await bus.call(managerPath, `${systemdName}.Manager`, member, [[], patterns]);
    return answer;
  };
  const [loaded, files] = await Promise.all([ask("ListUnitsByPatterns"), ask("ListUnitFilesByPatterns")]);
  const isWanted = (name: string) =>
    !isTemplate(name) && patterns.some((pattern) => matchesPattern(name, pattern));
  const listed = unitFiles
    .parse(files)
    .map(([path, state]) => ({ name: path.slice(path.lastIndexOf("/") + 1), state }))
    .filter(({ name }) => isWanted(name));
  const meant = await Promise.all(
    listed.map(async ({ name, state }) => (state === "alias" ? (await lookAtUnit(bus, name)).id : name)),
  );
  // What others only name, in Wants= or After=, is listed as well.
  const present = loadedUnits
    .parse(loaded)
    .filter(([name, , load]) => load !== "not-found" && isWanted(name));
  return [...new Set([...present.map(([name]) => name), ...meant])].sort((a, b) => (a < b ? -1 : 1));
}
