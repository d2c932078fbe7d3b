import { z } from "zod";
import { isTemplate, matchesPattern } from "#lib/core/unit-pattern.ts";
import { managerPath, type SystemdBus, systemdName } from "#lib/units/systemd-bus.ts";

const loadedUnits = z.array(z.tuple([z.string()], z.unknown()));
const unitFiles = z.array(z.tuple([z.string(), z.string()]));

/**
 * Names of the service units that any of the patterns matches, sorted.
 *
 * From the loaded units and from the unit files: a unit without a timer that does not run is not loaded, and an instance of a
 * template or a transient unit has no file of its own. Templates are left out, since they cannot be started.
 */
export async function findUnits(bus: SystemdBus, patterns: readonly string[]): Promise<readonly string[]> {
  const ask = async (member: string) => {
    const [answer] = await bus.call(managerPath, `${systemdName}.Manager`, member, [[], patterns]);
    return answer;
  };
  const [loaded, files] = await Promise.all([ask("ListUnitsByPatterns"), ask("ListUnitFilesByPatterns")]);
  const names = [
    ...loadedUnits.parse(loaded).map(([name]) => name),
    ...unitFiles.parse(files).map(([path]) => path.slice(path.lastIndexOf("/") + 1)),
  ];
  const wanted = names.filter(
    (name) => !isTemplate(name) && patterns.some((pattern) => matchesPattern(name, pattern)),
  );
  return [...new Set(wanted)].sort((a, b) => (a < b ? -1 : 1));
}
