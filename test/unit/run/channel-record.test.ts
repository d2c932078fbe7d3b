import { expect, test } from "bun:test";
import { readChannels, recordChannels } from "#lib/run/channel-record.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const sent = { channel: "ntfy", outcome: "sent", attempts: 1, isKept: true } as const;

test("readChannels() says that a record cannot be understood, and the next message begins it anew", async () => {
  await using sandbox = await createSandbox();
  const path = await sandbox.write("channels.json", '{"schema":2}');
  expect(await readChannels(path)).toEqual({ channels: {}, problem: expect.stringContaining(path) });
  await recordChannels(path, [sent], new Date(0));
  expect(await readChannels(path)).toMatchObject({ channels: { ntfy: { outcome: "sent" } } });
  expect(await readChannels(sandbox.path("none.json"))).toEqual({ channels: {} });
});
