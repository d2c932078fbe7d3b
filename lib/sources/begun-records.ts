/**
 * What restores write down of the databases that they fill. A restore beside is no run of its job: it holds no lock and keeps no
 * journal, and may go on while a backup runs. So each of its records has its process in its name, by which whoever comes next can
 * tell one that was killed.
 */
import { mkdir, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type BegunDatabase, begunDatabaseSchema } from "#lib/core/begun-database.ts";
import type { DatabaseTarget } from "#lib/core/database-url.ts";
import { describeError, errorCode, OpsError } from "#lib/core/ops-error.ts";
import { openBegunServer } from "#lib/sources/begun-server.ts";
import { type AccessRequest, openAccess } from "#lib/sources/open-access.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";
import { isLeftByDead, nameAfterProcess } from "#lib/tools/process-directory.ts";
import { endMarkedProcesses } from "#lib/tools/process-group.ts";

const beginning = "restoring-";

/** Resolves to the way to forget it, when the database is whole or gone; both throw OpsError "failed". */
export async function recordBegun(directory: string, begun: BegunDatabase): Promise<() => Promise<void>> {
  const { runId, component } = begun;
  const path = nameAfterProcess(join(directory, `${beginning}${runId.slice(0, 8)}-${component}`));
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileDurably(path, `${JSON.stringify(begun, null, 2)}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new OpsError(`Cannot write "${path}"`, { outcome: "failed", cause });
  }
  return () =>
    unlink(path).catch((cause: unknown) => {
      throw new OpsError(`Cannot remove "${path}"`, { outcome: "failed", cause });
    });
}

/** Drop what restores that were killed had begun; resolves to what was done, or could not be, be it that a server is down. */
export async function dropBegun(
  directory: string,
  targets: readonly DatabaseTarget[],
  request: Omit<AccessRequest, "sourceName">,
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const name of await listRecords(directory, notes)) {
    if (!(await isLeftByDead(name))) continue;
    const path = join(directory, name);
    try {
      notes.push(...(await dropRecorded(path, targets, request)));
      await unlink(path);
    } catch (error) {
      notes.push(`Cannot clear up after a restore that was killed ("${path}"): ${describeError(error)}`);
    }
  }
  return notes;
}

async function listRecords(directory: string, problems: string[]): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.startsWith(beginning));
  } catch (error) {
    if (errorCode(error) !== "ENOENT")
      problems.push(`Cannot look for databases that were left half restored: ${describeError(error)}`);
    return [];
  }
}

async function dropRecorded(
  path: string,
  targets: readonly DatabaseTarget[],
  request: Omit<AccessRequest, "sourceName">,
): Promise<readonly string[]> {
  const begun = begunDatabaseSchema.parse(JSON.parse(await readFile(path, "utf8")));
  const { component, database, runId } = begun;
  const target = targets.find(({ componentName }) => componentName === component);
  if (target === undefined || target.kind === "sqlite") {
    throw new OpsError(
      `half a database "${database}" may be left, and ${component} is no longer in DATABASES`,
      {
        outcome: "failed",
      },
    );
  }
  await endMarkedProcesses(runId);
  const opened = openAccess({ ...request, sourceName: component });
  try {
    const server = await openBegunServer(target, begun, opened.access);
    const found = await server.find();
    if (found === "gone") return [];
    if (found === "unmarked")
      return [
        `Left as it is: database "${database}", whose restore was killed before or after it was filled`,
      ];
    await server.drop();
    return [`Removed what was half restored: database "${database}"`];
  } finally {
    await opened.close();
  }
}
