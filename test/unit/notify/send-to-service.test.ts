import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { readAnswer, sendToService } from "#lib/notify/send-to-service.ts";
import { recordHttp, unlimited } from "#test/support/recorder.ts";

const answerSchema = z.object({ ok: z.boolean(), why: z.string().optional(), wait: z.number().optional() });
const service = {
  name: "Example",
  settings: "EXAMPLE_TOKEN",
  judge: (body: string) => {
    const answer = readAnswer(answerSchema, body);
    return { isTaken: answer?.ok === true, words: answer?.why, retryAfterMs: answer?.wait };
  },
};
const request = { method: "POST", url: "https://example.org/s3cret" } as const;

function send(status: number, body: string, headers: Record<string, string> = {}) {
  return sendToService(service, recordHttp({ status, body, headers }).http, request, unlimited);
}

describe("sendToService()", () => {
  test("believes the service that it took a message", async () => {
    expect(await send(200, '{"ok":true}')).toEqual({ ok: true });
  });

  test.each([
    ["an error", '{"ok":false,"why":"room\\r\\nfull"}', "HTTP 200, but Example says: room full"],
    [
      "the page of a proxy",
      "<html>Log in</html>",
      "HTTP 200, but this is no answer of Example: <html>Log in</html>",
    ],
    ["nothing", "", "HTTP 200, but this is no answer of Example: "],
    ["JSON of something else", "[1]", "HTTP 200, but this is no answer of Example: [1]"],
  ])("does not believe a status of 200 with %s", async (_what, body, error) => {
    expect(await send(200, body)).toMatchObject({
      ok: false,
      error: `${error}; check EXAMPLE_TOKEN`,
      isTemporary: false,
    });
  });

  test("tries again what the service puts off, whatever the status", async () => {
    expect(await send(200, '{"ok":false,"wait":700}')).toMatchObject({
      isTemporary: true,
      retryAfterMs: 700,
    });
    expect(await send(429, '{"ok":false,"wait":700}')).toMatchObject({
      isTemporary: true,
      retryAfterMs: 700,
    });
  });

  test("takes the header's word for the wait before the body's", async () => {
    expect(await send(429, '{"ok":false,"wait":700}', { "retry-after": "9" })).toMatchObject({
      retryAfterMs: 9000,
    });
  });

  test("says a refusal in the service's words, and which settings to look at", async () => {
    expect(await send(401, '{"ok":false,"why":"Unauthorized"}')).toMatchObject({
      ok: false,
      error: "HTTP 401: Unauthorized; check EXAMPLE_TOKEN",
      isTemporary: false,
    });
    expect(await send(404, "not found")).toMatchObject({ error: "HTTP 404 not found; check EXAMPLE_TOKEN" });
  });

  test("names no settings where the server is at fault", async () => {
    expect(await send(503, "overloaded")).toMatchObject({ error: "HTTP 503 overloaded", isTemporary: true });
    expect(await send(503, '{"ok":false,"why":"busy"}')).toMatchObject({ error: "HTTP 503: busy" });
  });

  test("leaves the words about a redirect alone", async () => {
    const result = await send(302, "<html>", { location: "https://new.example.org/x" });
    expect(result).toMatchObject({
      error: "HTTP 302: redirects to https://new.example.org, set that address instead",
    });
  });

  test("bounds what it quotes", async () => {
    const result = await send(200, "x".repeat(100_000));
    expect(JSON.stringify(result).length).toBeLessThan(400);
  });

  test("passes on an error of the network", async () => {
    const http = () => Promise.reject(new Error("ECONNRESET"));
    expect(await sendToService(service, http, request, unlimited)).toMatchObject({
      error: "ECONNRESET",
      isTemporary: true,
    });
  });
});
