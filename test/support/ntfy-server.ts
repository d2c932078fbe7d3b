/** A real ntfy server on the loopback (`install-parts.sh` brings it). */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "#test/support/ports.ts";
import { waitFor } from "#test/support/wait-for.ts";

const program = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "bin/ntfy");

export const hasNtfy = existsSync(program);

export interface NtfyMessage {
  readonly title?: string;
  readonly message: string;
  readonly priority?: number;
  readonly tags?: readonly string[];
  /** Set when the message was too long to be one. */
  readonly attachment?: unknown;
}

export interface RunningNtfyServer {
  readonly url: string;
  /** For those who may not come in without one. */
  readonly token: string | undefined;
  /** What was published to a topic, oldest first. */
  readonly messages: (topic: string) => Promise<readonly NtfyMessage[]>;
  readonly close: () => Promise<void>;
}

interface NtfyServerOptions {
  /** Nobody else may publish or read. */
  readonly account?: { readonly user: string; readonly password: string };
}

export async function startNtfyServer({ account }: NtfyServerOptions = {}): Promise<RunningNtfyServer> {
  if (!hasNtfy)
    throw new Error(`Cannot start ntfy: "${program}" is missing, run test/support/install-parts.sh`);
  const directory = await mkdtemp(join(tmpdir(), "lastgood-ntfy-"));
  const config = join(directory, "server.yml");
  const authFile = join(directory, "user.db");
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    "base-url": url,
    "listen-http": `127.0.0.1:${port}`,
    "cache-file": join(directory, "cache.db"),
    // Without it an attachment is refused, and nobody sees that a message was too long.
    "attachment-cache-dir": join(directory, "attachments"),
    "visitor-request-limit-exempt-hosts": "127.0.0.1",
    "log-file": join(directory, "log"),
    ...(account === undefined ? {} : { "auth-file": authFile, "auth-default-access": "deny-all" }),
  };
  await writeFile(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}: "${value}"\n`)
      .join(""),
  );
  const server = spawn(program, ["serve", "--config", config], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const close = async () => {
    server.kill("SIGKILL");
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await waitFor(() => isHealthy(url), { what: "ntfy to start" });
    const token = account === undefined ? undefined : addAccount(config, account);
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const messages = async (topic: string) => {
      const response = await fetch(`${url}/${topic}/json?poll=1`, { headers });
      const lines = (await response.text()).split("\n").filter((line) => line !== "");
      return lines.map((line): NtfyMessage => JSON.parse(line));
    };
    return { url, token, messages, close };
  } catch (error) {
    const log = await readFile(settings["log-file"], "utf8").catch(() => "no log");
    await close();
    throw new Error(`ntfy did not start:\n${log}`, { cause: error });
  }
}

function addAccount(config: string, { user, password }: { user: string; password: string }): string {
  runNtfy(["user", "--config", config, "add", "--role=admin", user], { NTFY_PASSWORD: password });
  const said = runNtfy(["token", "--config", config, "add", user], {});
  const token = /tk_\w+/.exec(said)?.[0];
  if (token === undefined) throw new Error(`ntfy made no token: ${said}`);
  return token;
}

function runNtfy(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`ntfy ${args.join(" ")} failed: ${stderr}`);
  return stdout + stderr;
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/v1/health`).then(
    (response) => response.ok,
    () => false,
  );
}
