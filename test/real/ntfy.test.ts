/** A real ntfy server: what it makes of what it is sent. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createSecret } from "#lib/core/secret.ts";
import { createNtfyChannel, type NtfySettings } from "#lib/notify/ntfy.ts";
import { createHttp } from "#lib/tools/http.ts";
import { hasNtfy, type RunningNtfyServer, startNtfyServer } from "#test/support/ntfy-server.ts";
import { recordExec, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const account = { user: "backup", password: "pässwörd" };
let open: RunningNtfyServer;
let closed: RunningNtfyServer;

const send = (url: string, topic: string, settings: Partial<NtfySettings>, message = createTestMessage()) =>
  createNtfyChannel(
    {
      NTFY_TOPIC: topic,
      NTFY_URL: url,
      NTFY_NOTIFY_ON: undefined,
      NTFY_TOKEN: undefined,
      NTFY_USER: undefined,
      NTFY_PASSWORD: undefined,
      ...settings,
    },
    "always",
    { http: createHttp({}), exec: recordExec().exec },
  )?.send(message, unlimited);

describe.skipIf(!hasNtfy)("an ntfy server", () => {
  beforeAll(async () => {
    [open, closed] = await Promise.all([startNtfyServer(), startNtfyServer({ account })]);
  });
  afterAll(async () => {
    await Promise.all([open.close(), closed.close()]);
  });

  test("shows title, text, priority and tag as they were meant", async () => {
    const message = createTestMessage({
      job: "größe 😀",
      outcome: "partial",
      headline: 'It "lacks" ünïcode',
    });
    expect(await send(open.url, "plain", {}, message)).toEqual({ ok: true });
    expect(await open.messages("plain")).toMatchObject([
      {
        title: "[PARTIAL] backup-run größe 😀 on web1",
        message: message.summary,
        priority: 4,
        tags: ["warning"],
      },
    ]);
  });

  test.each([
    ["plain", "x"],
    ["of four-byte characters", "😀"],
    ["of line breaks", "\n"],
    ["of quotes", '"'],
    ["of escape characters", "\u001b"],
  ])("takes a long text %s as a message, not as an attachment", async (what, character) => {
    const topic = `long-${what.replaceAll(/\W/g, "")}`;
    const message = createTestMessage({ problems: [character.repeat(20_000), "the end"] });
    expect(await send(open.url, topic, {}, message)).toEqual({ ok: true });
    const [received] = await open.messages(topic);
    expect(received).not.toHaveProperty("attachment");
    expect(received?.message).toStartWith("Cannot write to");
    expect(received?.message).toContain("bytes left out");
    expect(received?.message).toEndWith("the end");
  });

  test("lets nobody in without a login, and says so", async () => {
    expect(await send(closed.url, "closed", {})).toMatchObject({
      ok: false,
      isTemporary: false,
      error: expect.stringMatching(/^HTTP 403: forbidden; check NTFY_URL/),
    });
  });

  test("takes a token, or user and password", async () => {
    const token = { NTFY_TOKEN: createSecret(closed.token ?? "") };
    const user = { NTFY_USER: account.user, NTFY_PASSWORD: createSecret(account.password) };
    expect(await send(closed.url, "private", token)).toEqual({ ok: true });
    expect(await send(closed.url, "private", user)).toEqual({ ok: true });
    expect(await closed.messages("private")).toHaveLength(2);
    const wrong = { ...user, NTFY_PASSWORD: createSecret("wr0ng") };
    expect(await send(closed.url, "private", wrong)).toMatchObject({ ok: false, isTemporary: false });
  });
});
