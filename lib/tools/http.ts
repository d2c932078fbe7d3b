/**
 * One HTTP exchange.
 *
 * undici's dispatchers (retries, proxies) are silently ignored by Bun's own copy of it, so nothing here relies on them:
 * deadlines are the caller's signal, retries are the caller's.
 */
import type { Http } from "#lib/core/deps.ts";

const bodyLimit = 64 * 1024;

/** undici is imported when first used: a run that sends nothing does not pay for it. */
export function createHttp(): Http {
  return async ({ method, url, headers, body }, signal) => {
    const { request } = await import("undici");
    const response = await request(url, {
      method,
      signal,
      headers: { "user-agent": "lastgood", ...headers },
      body: body ?? null,
    });
    const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value ?? "")]);
    const text = await readStart(response.body);
    return { status: response.statusCode, headers: Object.fromEntries(flat), body: text };
  };
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
