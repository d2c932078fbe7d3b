/** What no service took while it was down arrives when it is up again: all of it, in order, by every channel. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { channelOf, chatServices, chatSettings } from "#test/support/chat-services.ts";
import { answer, inTurn, type ReceivedRequest, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";

const channels = ["ntfy", "pushover", "telegram", "matrix", "gotify", "webhook"];

/** When the report of a late message was made; undefined for one that is not late. */
function lateBy({ body }: ReceivedRequest): string | undefined {
  return /Delivered late: this report was made at (\S+Z)/.exec(body)?.[1];
}

describe.each(runtimes)("The outbox on %s", (runtime) => {
  test("keeps the reports of two runs for each channel, and the third sends them first, oldest before newest", async () => {
    await using sandbox = await createSandbox();
    let isUp = false;
    const down = answer(403, {}, "closed");
    const server = await startHttpServer((request, response) =>
      (isUp ? chatServices : down)(request, response),
    );
    const job = await createJob(sandbox, { ...chatSettings(server.url), NOTIFY_ON: "always" });
    const run = () => sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config]);
    expect((await run()).exitCode).toBe(0);
    expect((await run()).exitCode).toBe(0);
    const outbox = sandbox.path("state/app/outbox");
    expect(readdirSync(outbox)).toHaveLength(2 * channels.length);
    const before = server.requests.length;
    isUp = true;
    expect(await run()).toMatchObject({ exitCode: 0, stderr: "" });
    await server.close();
    expect(readdirSync(outbox)).toEqual([]);
    const taken = server.requests.slice(before);
    for (const channel of channels) {
      const [first, second, ...others] = taken
        .filter((request) => channelOf(request) === channel)
        .map(lateBy);
      expect({ channel, others }).toEqual({ channel, others: [undefined] });
      expect(Date.parse(first ?? "")).toBeLessThan(Date.parse(second ?? ""));
    }
    // A push means now, so it is not kept.
    const pushes = taken.filter((request) => channelOf(request) === "uptime-kuma");
    expect(pushes.map(({ path }) => new URL(path, server.url).searchParams.get("status"))).toEqual(["up"]);
  });

  test("is not needed where an answer is lost: the message goes again under its own id", async () => {
    await using sandbox = await createSandbox();
    const lose = inTurn(
      (_request, response) => response.socket?.resetAndDestroy(),
      (request, response) => chatServices(request, response),
    );
    const server = await startHttpServer(lose);
    const { MATRIX_HOMESERVER, MATRIX_ACCESS_TOKEN, MATRIX_ROOM_ID } = chatSettings(server.url);
    const settings = { MATRIX_HOMESERVER, MATRIX_ACCESS_TOKEN, MATRIX_ROOM_ID, NOTIFY_ON: "always" };
    const job = await createJob(sandbox, settings);
    const ended = await sandbox.run(runtime, "scripts/backup-run.ts", ["--config", job.config]);
    await server.close();
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const [first, second, ...others] = server.requests.map(({ path }) => path);
    expect([first, others]).toEqual([second, []]);
  });
});
