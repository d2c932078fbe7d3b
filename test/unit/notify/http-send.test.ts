import { describe, expect, test } from "bun:test";
import { sendHttp } from "#lib/notify/http-send.ts";

const attempt = { purpose: "report", signal: new AbortController().signal, timeoutMs: 1000 } as const;

async function judge(status: number, headers: Record<string, string> = {}, body = "") {
  const http = async () => ({ status, headers, body });
  return (await sendHttp(http, { method: "POST", url: "https://example.org/secret-token" }, attempt)).result;
}

describe("sendHttp()", () => {
  test.each([200, 201, 204])("takes %d as sent", async (status) => {
    expect(await judge(status)).toEqual({ ok: true });
  });

  test.each([
    [408, true],
    [429, true],
    [500, true],
    [503, true],
    [400, false],
    [401, false],
    [404, false],
    [413, false],
    [302, false],
  ])("takes %d as a failure that may pass: %p", async (status, isTemporary) => {
    expect(await judge(status)).toMatchObject({ ok: false, isTemporary });
  });

  test("quotes what the server says, as one line of bounded length", async () => {
    const result = await judge(400, {}, `no\r\nsuch topic ${"x".repeat(1000)}`);
    expect(result).toMatchObject({ error: expect.stringMatching(/^HTTP 400 no such topic x{180,190}$/) });
  });

  test("names the server that a redirect leads to, and nothing of its path", async () => {
    const moved = await judge(301, { location: "https://new.example.org/hook/secret-token" });
    expect(moved).toMatchObject({
      error: "HTTP 301: redirects to https://new.example.org, set that address instead",
    });
    const near = await judge(302, { location: "/login?token=secret-token" });
    expect(near).toMatchObject({ error: expect.not.stringContaining("secret-token") });
  });

  test.each([
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "Sat, 21 Nov 2026 03:00:09 GMT", date: "Sat, 21 Nov 2026 03:00:00 GMT" }, 9000],
    [{ "retry-after": "Sat, 21 Nov 2026 03:00:00 GMT", date: "Sat, 21 Nov 2026 03:00:09 GMT" }, undefined],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("reads from %j to wait %p ms", async (headers, retryAfterMs) => {
    expect(await judge(429, headers as Record<string, string>)).toMatchObject({ retryAfterMs });
  });

  test("takes an error of the network as one that may pass, with its causes", async () => {
    const http = () => Promise.reject(new Error("fetch failed", { cause: new Error("ECONNRESET") }));
    const { result } = await sendHttp(http, { method: "POST", url: "https://example.org/" }, attempt);
    expect(result).toEqual({ ok: false, error: "fetch failed: ECONNRESET", isTemporary: true });
  });
});
