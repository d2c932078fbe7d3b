/**
 * One HTTP exchange.
 *
 * undici's dispatchers are silently ignored by Bun's own copy of it: deadlines are the caller's signal, retries are the
 * caller's. Proxies need one nevertheless: Bun goes by the environment's by itself, and undici elsewhere by none.
 */
import type { Dispatcher } from "undici";
import type { Http } from "#lib/core/deps.ts";

const bodyLimit = 64 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;
/** By protocol, such as `https:`. */
type Proxies = Readonly<Record<string, Dispatcher | undefined>>;

/**
 * By the proxies that `env` names, as curl does: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`, in capitals as well.
 *
 * undici is imported when first used: a run that sends nothing does not pay for it.
 */
export function createHttp(env: Environment): Http {
  let proxies: Promise<Proxies> | undefined;
  return async ({ method, url, headers, body }, signal) => {
    const { request } = await import("undici");
    proxies ??= openProxies(env);
    const dispatcher = (await proxies)[new URL(url).protocol];
    const response = await request(url, {
      method,
      signal,
      ...(dispatcher === undefined ? {} : { dispatcher }),
      headers: { "user-agent": "lastgood", ...headers },
      body: body ?? null,
    });
    const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value ?? "")]);
    const text = await readStart(response.body);
    return { status: response.statusCode, headers: Object.fromEntries(flat), body: text };
  };
}

async function openProxies(env: Environment): Promise<Proxies> {
  const read = (name: string) => env[name] || env[name.toUpperCase()] || undefined;
  const addressOf = (name: string) => {
    const address = read(name) ?? read("all_proxy");
    if (address === undefined) return "";
    const whole = address.includes("://") ? address : `http://${address}`;
    // Not in the words: it may hold a password.
    if (!URL.canParse(whole)) throw new Error(`${name} in the environment is no address of a proxy`);
    return whole;
  };
  const [httpProxy, httpsProxy] = [addressOf("http_proxy"), addressOf("https_proxy")];
  if (httpProxy === "" && httpsProxy === "") return {};
  const { EnvHttpProxyAgent } = await import("undici");
  const open = (proxy: string) =>
    proxy === ""
      ? undefined
      : new EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, noProxy: read("no_proxy") ?? "" });
  // One agent for both would take the proxy of http where https has none.
  return { "http:": open(httpProxy), "https:": open(httpsProxy) };
}

/** The first `bodyLimit` bytes. Leaving the loop early closes the connection: nobody waits for the rest. */
async function readStart(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bodyLimit) break;
  }
  return Buffer.concat(chunks).subarray(0, bodyLimit).toString();
}
