/** A proxy on loopback that cuts connections after so many bytes to the server, or stops passing them on. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
}

interface Cut {
  readonly afterBytes: number;
  /** "cut" resets the connection, "stall" takes no more and says nothing. */
  readonly how: "cut" | "stall";
}

export async function startCuttingProxy(targetPort: number, { afterBytes, how }: Cut): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    let passed = 0;
    client.on("data", (chunk: Buffer) => {
      const rest = afterBytes - passed;
      passed += chunk.length;
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
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
