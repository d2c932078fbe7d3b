/** A real browser without a window (`install-parts.sh` brings it), spoken to by its debugging protocol. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "#test/support/wait-for.ts";

export const hasBrowser = Bun.which("chromium") !== null;

export interface PageLook {
  readonly scheme: "light" | "dark";
  readonly width: number;
}

export interface OpenPage {
  /** Value of an expression in the page. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** What it asked for beside itself, and what the browser complained about. */
  readonly complaints: readonly string[];
}

export interface Browser extends AsyncDisposable {
  readonly open: (file: string, look: PageLook) => Promise<OpenPage>;
}

type Parameters = Readonly<Record<string, unknown>>;

export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "lastgood-browser-"));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const child = spawn("chromium", [...flags, `--user-data-dir=${profile}`, "--remote-debugging-port=0"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: profile },
    detached: true,
  });
  const exited = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const sockets: WebSocket[] = [];
  const port = await waitFor(() => /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said)?.[1], {
    what: "the browser to listen",
    timeoutMs: 60_000,
  });
  return {
    open: async (file, look) => {
      const answer = await fetch(`http://127.0.0.1:${port}/json/new?about:blank`, { method: "PUT" });
      const { webSocketDebuggerUrl } = (await answer.json()) as { webSocketDebuggerUrl: string };
      const socket = new WebSocket(webSocketDebuggerUrl);
      sockets.push(socket);
      return openPage(socket, `file://${file}`, look);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.close();
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openPage(socket: WebSocket, url: string, { scheme, width }: PageLook): Promise<OpenPage> {
  const answers = new Map<number, (answer: { result?: unknown; error?: unknown }) => void>();
  const complaints: string[] = [];
  let isLoaded = false;
  let lastId = 0;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data));
    answers.get(message.id)?.(message);
    if (message.method === "Page.loadEventFired") isLoaded = true;
    if (message.method === "Network.requestWillBeSent" && message.params.request.url !== url)
      complaints.push(message.params.request.url);
    if (message.method === "Log.entryAdded") complaints.push(message.params.entry.text);
    if (message.method === "Runtime.exceptionThrown") complaints.push(message.params.exceptionDetails.text);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const send = (method: string, params: Parameters = {}) =>
    new Promise<unknown>((resolve, reject) => {
      lastId += 1;
      answers.set(lastId, ({ result, error }) =>
        error === undefined ? resolve(result) : reject(new Error(JSON.stringify(error))),
      );
      socket.send(JSON.stringify({ id: lastId, method, params }));
    });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await send(`${domain}.enable`);
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  await send("Emulation.setDeviceMetricsOverride", {
    width,
    height: 800,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
  await send("Page.navigate", { url });
  await waitFor(() => isLoaded, { what: `${url} to be shown`, timeoutMs: 60_000 });
  return {
    complaints,
    evaluate: async (expression) => {
      const answer = await send("Runtime.evaluate", { expression, returnByValue: true });
      const { result, exceptionDetails } = answer as {
        result: { value?: unknown };
        exceptionDetails?: { exception?: { description?: string } };
      };
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description);
      return result.value;
    },
  };
}
