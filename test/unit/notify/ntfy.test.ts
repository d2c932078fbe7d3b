import { describe, expect, test } from "bun:test";
import type { Report } from "#lib/core/report.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createNtfyChannel, type NtfySettings } from "#lib/notify/ntfy.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const plain: NtfySettings = {
  NTFY_TOPIC: "backups",
  NTFY_URL: "https://ntfy.example.org",
  NTFY_NOTIFY_ON: undefined,
  NTFY_TOKEN: undefined,
  NTFY_USER: undefined,
  NTFY_PASSWORD: undefined,
};

async function send(report: Partial<Report>, settings: Partial<NtfySettings> = {}) {
  const { http, requests } = recordHttp();
  const deps = { http, exec: recordExec().exec };
  await createNtfyChannel({ ...plain, ...settings }, "always", deps)?.send(
    createTestMessage(report),
    unlimited,
  );
  const [request] = requests;
  return { request, content: JSON.parse(request?.body ?? "{}") };
}

describe("createNtfyChannel()", () => {
  test("publishes to the server's root, where titles need no encoding", async () => {
    const { request, content } = await send({ job: "größe", logTail: ["a line of the log"] });
    expect(request).toMatchObject({ method: "POST", url: "https://ntfy.example.org" });
    expect(content).toMatchObject({ topic: "backups", title: "[FAILED] backup-run größe on web1" });
    expect(content.message).toStartWith("Cannot write to");
    expect(content.message).not.toContain("a line of the log");
  });

  test.each([
    [{ outcome: "complete" }, 2],
    [{ outcome: "partial" }, 4],
    [{ outcome: "failed" }, 5],
    [{ outcome: "bug" }, 5],
    [{ outcome: "partial", critical: true }, 5],
  ] as const)("gives %j priority %d", async (report, priority) => {
    expect((await send(report)).content.priority).toBe(priority);
  });

  test.each([
    ["of plain text", "x"],
    ["of two-byte characters", "ß"],
    ["of characters that JSON escapes", '"'],
    ["of control characters", "\u0001"],
  ])("keeps a long message %s below what ntfy takes", async (_what, character) => {
    const { request, content } = await send({ job: "j".repeat(200), problems: [character.repeat(20_000)] });
    expect(Buffer.byteLength(content.message)).toBeLessThan(4096);
    expect(Buffer.byteLength(content.message)).toBeGreaterThan(1000);
    expect(Buffer.byteLength(request?.body ?? "")).toBeLessThanOrEqual(8192);
  });

  test.each([
    ["a token", { NTFY_TOKEN: createSecret("tk_1") }, "Bearer tk_1"],
    ["a user", { NTFY_USER: "jö", NTFY_PASSWORD: createSecret("pä:ss") }, `Basic ${btoa("jÃ¶:pÃ¤:ss")}`],
  ])("logs in with %s", async (_what, settings, authorization) => {
    expect((await send({}, settings)).request?.headers?.["Authorization"]).toBe(authorization);
  });

  test.each([
    [200, "<html>Log in</html>", "HTTP 200, but this is no answer of ntfy: <html>Log in</html>"],
    [403, '{"code":40301,"http":403,"error":"forbidden"}', "HTTP 403: forbidden"],
  ])("takes %d %s as not sent", async (status, body, error) => {
    const deps = { http: recordHttp({ status, body }).http, exec: recordExec().exec };
    const result = await createNtfyChannel(plain, "always", deps)?.send(createTestMessage(), unlimited);
    expect(result).toMatchObject({ ok: false, error: expect.stringContaining(error), isTemporary: false });
  });
});
