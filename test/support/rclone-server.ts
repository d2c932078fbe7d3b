/** A real `rclone serve` on loopback, and a configuration file with remotes that reach it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { appendFileSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort, isOpen } from "#test/support/ports.ts";
import { waitFor } from "#test/support/wait-for.ts";

export const hasRclone = hasProgram();

export type RcloneProtocol = "webdav" | "sftp";

export interface RcloneServer extends AsyncDisposable {
  /** Has the remotes "served:", and "wrong:" with another password. */
  readonly configFile: string;
  readonly port: number;
  /** Add a remote that reaches the server by another port. */
  readonly addRemote: (name: string, port: number) => void;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

export interface ServeOptions {
  readonly protocol: RcloneProtocol;
  readonly directory: string;
  /** User and group of the server; needs root. */
  readonly uid?: number;
  /** Keep what directories hold, as a server does unless told otherwise: what is put there behind its back stays unseen. */
  readonly remembers?: boolean;
}

export async function startRcloneServer({
  protocol,
  directory,
  uid,
  remembers = false,
}: ServeOptions): Promise<RcloneServer> {
  const work = mkdtempSync(join(tmpdir(), "lastgood-rclone-"));
  if (uid !== undefined) chownSync(work, uid, uid);
  const configFile = join(work, "rclone.conf");
  const port = await findFreePort();
  const addRemote = (name: string, remotePort: number, password = "secret") => {
    const place =
      protocol === "webdav"
        ? `url = http://127.0.0.1:${remotePort}\nvendor = other`
        : `host = 127.0.0.1\nport = ${remotePort}`;
    const account = `user = me\npass = ${obscure(password)}`;
    appendFileSync(configFile, `[${name}]\ntype = ${protocol}\n${place}\n${account}\n`);
  };
  writeFileSync(configFile, "", { mode: 0o600 });
  addRemote("served", port);
  addRemote("wrong", port, "guess");
  let child: ChildProcess | undefined;
  const start = async () => {
    const account = ["--user=me", "--pass=secret"];
    const options = [`--addr=127.0.0.1:${port}`, "--config=/dev/null"];
    if (!remembers) options.push("--dir-cache-time=0");
    child = spawn("rclone", ["serve", protocol, directory, ...options, ...account], {
      stdio: "ignore",
      // It keeps a host key in its cache.
      env: { PATH: process.env.PATH ?? "", HOME: work, XDG_CACHE_HOME: work },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    await waitFor(() => isOpen(port), { what: "rclone to serve" });
  };
  const stop = async () => {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
    running.kill("SIGKILL");
    await ended;
  };
  await start();
  return {
    configFile,
    port,
    addRemote,
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}

function hasProgram(): boolean {
  try {
    execFileSync("rclone", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function obscure(password: string): string {
  return execFileSync("rclone", ["--config=/dev/null", "obscure", password], { encoding: "utf8" }).trim();
}
