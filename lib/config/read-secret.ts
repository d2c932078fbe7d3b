/** A secret from where KEY_FILE or KEY_COMMAND says it is. */
import { open } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { checkFileMode } from "#lib/config/check-file-mode.ts";
import type { ConfigRequest } from "#lib/config/load-config.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

const commandMs = 30_000;
const patienceMs = 10_000;

/**
 * Content of the file without one trailing newline. A relative path is one of systemd's credentials if the unit has any,
 * else relative to the configuration. Throws OpsError "denied" when everybody may read it.
 */
export async function readSecretFile(
  value: string,
  directory: string,
  request: ConfigRequest,
): Promise<string> {
  const credentials = request.env["CREDENTIALS_DIRECTORY"];
  const path = isAbsolute(value) ? value : join(credentials ?? directory, value);
  const { answerMs = patienceMs } = request;
  // A share that is gone, or a fifo, would keep the run from ever beginning, and nobody would hear of it.
  await using file = await withDeadline(open(path, "r"), answerMs, `open "${path}"`);
  const { mode, uid } = await file.stat();
  // The service manager owns and guards its credentials; their mode is its business.
  if (credentials === undefined || isAbsolute(value)) checkFileMode({ path, mode, uid }, request.uid, true);
  return checkContent(
    await withDeadline(file.readFile("utf8"), answerMs, `read "${path}"`),
    `the file "${path}"`,
  );
}

/** Output of a shell command without one trailing newline. Throws an error with its exit and first words. */
export async function readSecretCommand(
  command: string,
  directory: string,
  request: ConfigRequest,
): Promise<string> {
  const result = await request.deps.exec(["sh", "-c", command], { timeoutMs: commandMs, cwd: directory });
  if (result.timedOut) throw new OpsError("the command did not end within 30 s", { outcome: "config" });
  if (result.exitCode !== 0) {
    const how = result.exitCode === null ? `by ${result.signal ?? "a signal"}` : `with ${result.exitCode}`;
    const words = result.stderr.trim().split("\n")[0] ?? "";
    const message = result.notFound
      ? 'the shell "sh" cannot be run'
      : `the command ended ${how}${words && `: ${words}`}`;
    throw new OpsError(message, { outcome: "config" });
  }
  return checkContent(result.stdout, "the command");
}

/** A secret that came out empty is a mistake of which nobody would hear. */
function checkContent(content: string, origin: string): string {
  const secret = content.replace(/\r?\n$/, "");
  if (secret === "") throw new OpsError(`${origin} gives nothing`, { outcome: "config" });
  return secret;
}
