/** Seams that keep what they are asked and give what a test wants. */
import type { Exec, ExecOptions, ExecResult, Http, HttpRequest, HttpResponse } from "#lib/core/deps.ts";
import type { Attempt } from "#lib/notify/channel.ts";

/** An attempt that nobody ends. */
export const unlimited: Attempt = {
  purpose: "report",
  signal: new AbortController().signal,
  timeoutMs: 20_000,
};

export function recordHttp(answer: Partial<HttpResponse> = {}) {
  const requests: HttpRequest[] = [];
  const http: Http = async (request) => {
    requests.push(request);
    return { status: 200, headers: {}, body: "OK", ...answer };
  };
  return { http, requests };
}

export function recordExec(answer: Partial<ExecResult> = {}) {
  const calls: { readonly command: readonly string[]; readonly options: ExecOptions }[] = [];
  const exec: Exec = async (command, options) => {
    calls.push({ command, options });
    return {
      exitCode: 0,
      signal: undefined,
      stdout: "",
      stderr: "",
      timedOut: false,
      notFound: false,
      ...answer,
    };
  };
  return { exec, calls };
}
