/** An HTTP server on the loopback that behaves as a test wants: well, badly, or not at all. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export type Behaviour = (request: ReceivedRequest, response: ServerResponse) => void;

export interface RunningHttpServer {
  readonly url: string;
  /** Everything received so far, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  readonly close: () => Promise<void>;
}

/** With a certificate it speaks TLS. */
export async function startHttpServer(
  behave: Behaviour,
  certificate?: { readonly key: string; readonly cert: string },
  address = "127.0.0.1",
): Promise<RunningHttpServer> {
  const requests: ReceivedRequest[] = [];
  const receive = (incoming: IncomingMessage, response: ServerResponse) => {
    let body = "";
    incoming.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    incoming.on("end", () => {
      const { method = "", url: path = "", headers } = incoming;
      const request = { method, path, headers, body };
      requests.push(request);
      behave(request, response);
    });
  };
  const server =
    certificate === undefined ? createServer(receive) : createTlsServer({ ...certificate }, receive);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function answer(status: number, headers: Readonly<Record<string, string>> = {}, body = ""): Behaviour {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** Takes the request and never says a word. */
export const hang: Behaviour = () => undefined;

/** Sends headers, then a byte now and then for ever. */
export const drip: Behaviour = (_request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  const timer = setInterval(() => response.write("."), 50);
  response.on("close", () => clearInterval(timer));
};

/** Resets the connection. */
export const reset: Behaviour = (_request, response) => {
  response.socket?.resetAndDestroy();
};

/** One behaviour for each request; the last for all that follow. */
export function inTurn(first: Behaviour, ...others: readonly Behaviour[]): Behaviour {
  const queue = [first, ...others];
  return (request, response) => {
    const behave = queue.length > 1 ? queue.shift() : queue[0];
    behave?.(request, response);
  };
}
