/** A real `rclone serve webdav` on loopback, and a configuration file with a remote that reaches it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "#test/support/wait-for.ts";

export const hasRclone = hasProgram();

export interface RcloneServer extends AsyncDisposable {
  /** Has the remotes "dav:", and "wrong:" with another password. */
  readonly configFile: string;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** Serve `directory` under the remote `dav:`. */
export async function startRcloneServer(directory: string): Promise<RcloneServer> {
  const work = mkdtempSync(join(tmpdir(), "lastgood-rclone-"));
  const configFile = join(work, "rclone.conf");
  const port = await findFreePort();
  const section = (name: string, password: string) =>
    `[${name}]\ntype = webdav\nurl = http://127.0.0.1:${port}\nvendor = other\nuser = me\npass = ${obscure(password)}\n`;
  writeFileSync(configFile, `${section("dav", "secret")}${section("wrong", "guess")}`, { mode: 0o600 });
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(
      "rclone",
      [
        "serve",
        "webdav",
        directory,
        `--addr=127.0.0.1:${port}`,
        "--user=me",
        "--pass=secret",
        "--config=/dev/null",
        "--dir-cache-time=0",
      ],
      { stdio: "ignore" },
    );
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
  return execFileSync("rclone", ["obscure", password], { encoding: "utf8" }).trim();
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}
