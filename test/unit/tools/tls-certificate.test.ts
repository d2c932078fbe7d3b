import { expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { readCertificateEnd } from "#lib/tools/tls-certificate.ts";

/** What a server on loopback does that never shows a certificate; `body` gets its port. */
async function withServer(serve: (socket: Socket) => void, body: (port: number) => Promise<void>) {
  const server: Server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    await body(typeof address === "object" ? (address?.port ?? 0) : 0);
  } finally {
    server.close();
  }
}

test("readCertificateEnd() rejects when what answers speaks no TLS, and when nobody answers", async () => {
  const { signal } = new AbortController();
  let closed = 0;
  await withServer(
    (socket) => socket.end("220 no TLS here\r\n"),
    async (port) => {
      closed = port;
      await expect(readCertificateEnd({ host: "127.0.0.1", port }, signal)).rejects.toThrow();
    },
  );
  await expect(readCertificateEnd({ host: "127.0.0.1", port: closed }, signal)).rejects.toThrow();
});

test("readCertificateEnd() waits for a server that says nothing as long as the signal lets it", async () => {
  await withServer(
    (socket) => socket.on("error", () => undefined),
    async (port) => {
      const late = AbortSignal.timeout(100);
      await expect(readCertificateEnd({ host: "127.0.0.1", port }, late)).rejects.toThrow(/timed? ?out/i);
      await expect(readCertificateEnd({ host: "127.0.0.1", port }, AbortSignal.abort())).rejects.toThrow();
    },
  );
});
