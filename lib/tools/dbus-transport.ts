/** Ways to a bus: a socket of this machine, or a program that relays one of another machine. */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { DbusError, type DbusTransport } from "#lib/tools/dbus-connection.ts";
import { describeStartError, ensureStreams } from "#lib/tools/start-program.ts";

const wordsKept = 4096;

/** Connect to a socket. Rejects with DbusError "lost" when nobody listens there. */
export async function openSocket(path: string): Promise<DbusTransport> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(new DbusError("lost", `${path}: ${error.message}`)));
  });
  return {
    input: socket,
    output: socket,
    close: () => socket.destroy(),
    lastWords: () => "",
  };
}

/** Start a program whose input and output are the bus. That it could not be run, or ended, ends the connection. */
export function openRelay(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): DbusTransport {
  const child = ensureStreams(
    spawn(program, args, {
      env: { ...env, LC_ALL: "C" },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    }),
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-wordsKept);
  });
  child.once("error", (error) => {
    stderr += describeStartError(program, error);
    child.stdout.destroy();
  });
  return {
    input: child.stdout,
    output: child.stdin,
    close: () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.kill("SIGTERM");
    },
    lastWords: () => stderr.trim(),
  };
}
