/** openDbusConnection() against a bus that behaves as a test wants, on a real socket. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeDbusCall } from "#lib/core/dbus-message.ts";
import { DbusError, openDbusConnection } from "#lib/tools/dbus-connection.ts";
import { openRelay, openSocket } from "#lib/tools/dbus-transport.ts";

const call = { path: "/a", interface: "b.c", member: "D" };

/** `behave` gets each chunk that a client sent, and its socket. */
async function withBus(
  behave: (socket: Socket, chunk: Buffer) => void,
  body: (path: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "lastgood-bus-"));
  const path = join(directory, "bus");
  const server = createServer((socket) => {
    socket.on("data", (chunk: Buffer) => behave(socket, chunk));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await body(path);
  } finally {
    server.close();
    await rm(directory, { recursive: true });
  }
}

/** Accepts everybody, and hands the messages on. */
const accepting = (onMessage: (socket: Socket, chunk: Buffer) => void) => (socket: Socket, chunk: Buffer) => {
  if (chunk[0] === 0) socket.write("OK 0123\r\n");
  else onMessage(socket, chunk.subarray(chunk.indexOf("BEGIN\r\n") === 0 ? 7 : 0));
};

async function open(path: string) {
  return openDbusConnection(await openSocket(path), 0, () => undefined);
}

async function errorOf(promise: Promise<unknown>): Promise<DbusError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DbusError) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

describe("openDbusConnection()", () => {
  test("says that nobody listens", async () => {
    const error = await errorOf(openSocket("/nowhere/bus"));
    expect([error.errorName, error.message]).toEqual(["lost", expect.stringContaining("/nowhere/bus: ")]);
  });

  test("says that it is not accepted", async () => {
    await withBus(
      (socket) => socket.write("REJECTED EXTERNAL\r\n"),
      async (path) =>
        expect((await errorOf(open(path))).message).toBe("The bus does not accept user 0: REJECTED EXTERNAL"),
    );
  });

  test("says that it was cut off before anything was said", async () => {
    await withBus(
      (socket) => socket.destroy(),
      async (path) => expect((await errorOf(open(path))).errorName).toBe("lost"),
    );
  });

  test("ends every waiting call when the bus goes away, and refuses later ones", async () => {
    await withBus(
      accepting((socket, chunk) => {
        if (chunk.length > 0) socket.destroy();
      }),
      async (path) => {
        const connection = await open(path);
        const errors = await Promise.all([call, call].map((one) => errorOf(connection.call(one, 10_000))));
        expect(errors.map(({ errorName }) => errorName)).toEqual(["lost", "lost"]);
        expect(await connection.closed).not.toBe("");
        expect((await errorOf(connection.call(call, 10_000))).errorName).toBe("lost");
      },
    );
  });

  test("takes what is no message for the end", async () => {
    await withBus(
      accepting((socket, chunk) => {
        if (chunk.length > 0) socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
      }),
      async (path) => {
        const connection = await open(path);
        const error = await errorOf(connection.call(call, 10_000));
        expect(error.message).toStartWith("The bus sent what is no message: ");
      },
    );
  });

  test("gives up a call that is not answered in time, and goes on with the connection", async () => {
    let calls = 0;
    await withBus(
      accepting((socket, chunk) => {
        calls += chunk.length > 0 ? 1 : 0;
        if (calls === 2) socket.write(replyTo(2));
      }),
      async (path) => {
        const connection = await open(path);
        expect((await errorOf(connection.call(call, 100))).message).toBe("No answer to D within 0.1 s");
        expect(await connection.call(call, 10_000)).toEqual([]);
        connection.close();
      },
    );
  });

  test("reads answers however they are cut into chunks", async () => {
    await withBus(
      accepting((socket, chunk) => {
        if (chunk.length === 0) return;
        for (const byte of replyTo(1)) socket.write(Uint8Array.of(byte));
      }),
      async (path) => {
        const connection = await open(path);
        expect(await connection.call(call, 10_000)).toEqual([]);
        connection.close();
      },
    );
  });

  test("never has more calls under way than a bus daemon bears", async () => {
    let waiting = 0;
    let most = 0;
    await withBus(
      accepting((socket, chunk) => {
        for (let rest = chunk; rest.length > 0; rest = rest.subarray(callBytes)) {
          const serial = rest.readUInt32LE(8);
          waiting += 1;
          most = Math.max(most, waiting);
          setTimeout(() => {
            waiting -= 1;
            socket.write(replyTo(serial));
          }, 20);
        }
      }),
      async (path) => {
        const connection = await open(path);
        const many = Promise.all(Array.from({ length: 300 }, () => connection.call(call, 10_000)));
        expect(await many).toHaveLength(300);
        connection.close();
      },
    );
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(128);
  });

  test("ends with the last words of a relay", async () => {
    const relay = openRelay(["sh", "-c", "read -r line; echo Host key verification failed. >&2; exit 255"], {
      PATH: "/usr/bin:/bin",
    });
    const error = await errorOf(openDbusConnection(relay, 0, () => undefined));
    expect(error.message).toContain("Host key verification failed.");
    const missing = openRelay(["/nowhere/ssh"], {});
    expect((await errorOf(openDbusConnection(missing, 0, () => undefined))).message).toContain(
      "Cannot run /nowhere/ssh",
    );
  });
});

const callBytes = encodeDbusCall(call, 1).length;

/** An empty answer to the call of that serial. */
function replyTo(serial: number): Uint8Array {
  const bytes = Buffer.alloc(24);
  bytes.set([0x6c, 2, 1, 1], 0);
  bytes.writeUInt32LE(1, 8);
  bytes.writeUInt32LE(8, 12);
  bytes.set([5, 1, 0x75, 0], 16);
  bytes.writeUInt32LE(serial, 20);
  return bytes;
}
