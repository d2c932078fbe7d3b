import { commandInContainer } from "#lib/core/container-command.ts";
import type { MysqlTarget, PostgresTarget } from "#lib/core/database-url.ts";
import { findContainer } from "#lib/sources/in-container.ts";
import type { SourceAccess } from "#lib/sources/source.ts";

const ownNames: readonly (string | undefined)[] = [undefined, "localhost", "127.0.0.1", "::1"];

/** Free bytes where a server keeps its data; undefined when it is on another host, or nobody says. */
export async function findFreeBytes(
  target: MysqlTarget | PostgresTarget,
  directory: string,
  access: SourceAccess,
): Promise<number | undefined> {
  const { container, host } = target;
  const isHere = ownNames.includes(host) || host?.startsWith("/") === true;
  if (directory === "" || (container === undefined && !isHere)) return undefined;
  // What every df can, that of small images included.
  const question = ["df", "-Pk", directory] as const;
  const command =
    container === undefined ? question : commandInContainer(await findContainer(container, access), question);
  const { exitCode, stdout } = await access.exec(command, access);
  const free = Number(stdout.trim().split("\n").at(-1)?.trim().split(/\s+/).at(-3));
  return exitCode === 0 && Number.isFinite(free) ? free * 1024 : undefined;
}
