import { describe, expect, test } from "bun:test";
import { createHttp } from "#lib/tools/http.ts";
import {
  answer,
  type Behaviour,
  hang,
  type RunningHttpServer,
  startHttpServer,
} from "#test/support/http-server.ts";

const http = createHttp({});
const nobody = new AbortController().signal;

async function withServer<Value>(behave: Behaviour, body: (server: RunningHttpServer) => Promise<Value>) {
  const server = await startHttpServer(behave);
  try {
    return await body(server);
  } finally {
    await server.close();
  }
}

describe("createHttp()", () => {
  test("sends method, headers and body, and says who it is", () =>
    withServer(answer(200), async ({ url, requests }) => {
      await http({ method: "PUT", url: `${url}/a?b=c`, headers: { "X-Test": "1" }, body: "größer" }, nobody);
      expect(requests[0]).toMatchObject({ method: "PUT", path: "/a?b=c", body: "größer" });
      expect(requests[0]?.headers).toMatchObject({ "x-test": "1", "user-agent": "lastgood" });
    }));

  test("gives back status, headers by lower-case name, and body", () =>
    withServer(answer(418, { "X-Kind": "Teapot" }, "größer"), async ({ url }) => {
      const response = await http({ method: "GET", url }, nobody);
      expect(response).toMatchObject({ status: 418, body: "größer" });
      expect(response.headers["x-kind"]).toBe("Teapot");
    }));

  test("reads no more than 64 KiB of a body", () =>
    withServer(answer(200, {}, "x".repeat(1_000_000)), async ({ url }) => {
      expect((await http({ method: "GET", url }, nobody)).body).toBe("x".repeat(65_536));
    }));

  test("does not wait for the end of a body that has none", async () => {
    const pour: Behaviour = (_request, response) => {
      const more = () => {
        if (!response.destroyed) response.write("x".repeat(50_000), () => setTimeout(more, 1));
      };
      response.writeHead(200);
      more();
    };
    await withServer(pour, async ({ url }) => {
      const limited = AbortSignal.timeout(10_000);
      expect((await http({ method: "GET", url }, limited)).body).toBe("x".repeat(65_536));
    });
  });

  test("keeps characters whole that arrive in two chunks", async () => {
    const [first, second] = [Buffer.from("gr\xc3", "latin1"), Buffer.from("\xb6\xc3\x9fer", "latin1")];
    const split: Behaviour = (_request, response) => {
      response.writeHead(200);
      response.write(first, () => setTimeout(() => response.end(second), 20));
    };
    await withServer(split, async ({ url }) => {
      expect((await http({ method: "GET", url }, nobody)).body).toBe("größer");
    });
  });

  test("does not follow a redirect", () =>
    withServer(answer(302, { Location: "/elsewhere" }), async ({ url, requests }) => {
      const response = await http({ method: "POST", url, body: "x" }, nobody);
      expect(response).toMatchObject({ status: 302, headers: { location: "/elsewhere" } });
      expect(requests).toHaveLength(1);
    }));

  test("rejects when it is stopped, before or while it waits", () =>
    withServer(hang, async ({ url, requests }) => {
      await expect(http({ method: "GET", url }, AbortSignal.abort())).rejects.toThrow();
      expect(requests).toHaveLength(0);
      await expect(http({ method: "GET", url }, AbortSignal.timeout(100))).rejects.toThrow();
    }));

  test("rejects where nobody listens", async () => {
    const server = await startHttpServer(hang);
    await server.close();
    await expect(http({ method: "GET", url: server.url }, nobody)).rejects.toThrow();
  });
});
