/** A proxy on loopback that cuts connections after so many bytes to the server, or stops passing them on. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** Bytes that went to the server so far, over all connections. */
  readonly passedBytes: () => number;
}

interface Cut {
  readonly afterBytes: number;
  /** "cut" resets the connection, "stall" takes no more and says nothing. */
  readonly how: "cut" | "stall";
  /** Bytes of all connections together count, and no later one comes through: the line itself is cut. */
  readonly isOfAll?: boolean;
}

export async function startCuttingProxy(
  targetPort: number,
  { afterBytes, how, isOfAll = false }: Cut,
): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let passedByAll = 0;
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    let passed = 0;
    client.on("data", (chunk: Buffer) => {
      const rest = afterBytes - (isOfAll ? passedByAll : passed);
      passed += chunk.length;
      passedByAll += chunk.length;
      if (chunk.length <= rest) {
        upstream.write(chunk);
        return;
      }
      upstream.write(chunk.subarray(0, Math.max(0, rest)));
      if (how === "stall") {
        client.pause();
        return;
      }
      client.resetAndDestroy();
      upstream.destroy();
    });
    upstream.on("data", (chunk) => client.write(chunk));
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    passedBytes: () => passedByAll,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
