import { describe, expect, test } from "bun:test";
import type { HttpResponse } from "#lib/core/deps.ts";
import type { Report } from "#lib/core/report.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createMatrixChannel } from "#lib/notify/matrix.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const taken = { body: '{"event_id":"$abc"}' };

async function send(report: Partial<Report> = {}, answer: Partial<HttpResponse> = taken) {
  const { http, requests } = recordHttp(answer);
  const settings = {
    MATRIX_HOMESERVER: "https://matrix.example.org",
    MATRIX_ACCESS_TOKEN: createSecret("syt_1"),
    MATRIX_ROOM_ID: "!room/x:example.org",
    MATRIX_NOTIFY_ON: undefined,
  };
  const channel = createMatrixChannel(settings, "always", { http, exec: recordExec().exec });
  const result = await channel?.send(createTestMessage(report, "id/5"), unlimited);
  const [request] = requests;
  return { result, request, content: JSON.parse(request?.body ?? "{}") };
}

describe("createMatrixChannel()", () => {
  test("puts plain text into the room under the message's id, the token in a header", async () => {
    const { result, request, content } = await send({ headline: "<b>*x*</b>", hint: undefined });
    expect(result).toEqual({ ok: true });
    expect(request?.method).toBe("PUT");
    expect(request?.url).toBe(
      "https://matrix.example.org/_matrix/client/v3/rooms/!room%2Fx%3Aexample.org/send/m.room.message/id%2F5",
    );
    expect(request?.headers?.["Authorization"]).toBe("Bearer syt_1");
    expect(content).toEqual({
      msgtype: "m.text",
      body: "[FAILED] backup-run app on web1\n\n<b>*x*</b>",
    });
  });

  test("is a quiet notice for good news, and calls the room when a person is needed", async () => {
    expect((await send({ outcome: "complete" })).content.msgtype).toBe("m.notice");
    const { content } = await send({ outcome: "complete", critical: true });
    expect(content).toMatchObject({ msgtype: "m.text", "m.mentions": { room: true } });
  });

  test.each(["x", "ß", "\u0001"])("keeps an event of %j below what servers take", async (character) => {
    const { request, content } = await send({ problems: [`${character.repeat(70_000)} end`] });
    expect(Buffer.byteLength(request?.body ?? "")).toBeLessThanOrEqual(60_000);
    expect(content.body).toEndWith(" end");
  });

  test.each([
    [
      401,
      '{"errcode":"M_UNKNOWN_TOKEN","error":"Unknown token","soft_logout":false}',
      { error: expect.stringContaining("HTTP 401: M_UNKNOWN_TOKEN: Unknown token; check MATRIX_HOMESERVER") },
    ],
    [
      429,
      '{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2000}',
      { error: "HTTP 429: M_LIMIT_EXCEEDED: Too many requests", isTemporary: true, retryAfterMs: 2000 },
    ],
    [200, "{}", { error: expect.stringContaining("no answer of a Matrix homeserver: {}") }],
    [200, '{"errcode":"M_FORBIDDEN"}', { error: expect.stringContaining("says: M_FORBIDDEN") }],
  ])("takes %d %s as not sent", async (status, body, expected) => {
    expect((await send({}, { status, body })).result).toMatchObject({ ok: false, ...expected });
  });
});
