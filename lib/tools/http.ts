/**
 * One HTTP exchange.
 *
 * undici's dispatchers (retries, proxies) are silently ignored by Bun's own copy of it, so nothing here relies on them:
 * deadlines are the caller's signal, retries are the caller's.
 */
import type { Http } from "#lib/core/deps.ts";

const bodyLimit = 64 * 1024;

/** Imported when first used: a run that sends nothing does not pay for it. */
export function createHttp(): Http {
  return async ({ method, url, headers, body }, signal) => {
    const { request } = await import("undici");
    const response = await request(url, { method, signal, headers: headers ?? {}, body: body ?? null });
    let text = "";
    for await (const chunk of response.body) {
      if (text.length < bodyLimit) text += Buffer.from(chunk).toString("utf8");
    }
    const flat = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      String(value ?? ""),
    ]);
    return { status: response.statusCode, headers: Object.fromEntries(flat), body: text.slice(0, bodyLimit) };
  };
}
