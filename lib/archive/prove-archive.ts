/** Decompress a component and read it to its end, by whatever knows its format. */
import type { Proof, ProofResult } from "#lib/core/proof.ts";
import { runStreaming } from "#lib/tools/run-streaming.ts";

// The exits stand in a line of their own, after whatever the programs said on stderr.
const stages =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands these
  'n=$2; "${@:3:n}" <"$1" | "${@:n+3}"; printf "\\nstatus %s\\n" "${PIPESTATUS[*]}" >&2';

const asItIs = ["cat"] as const;

export interface ProofRequest {
  readonly path: string;
  readonly decompress: readonly string[] | undefined;
  readonly proof: Proof;
  readonly env: Readonly<Record<string, string>>;
  /** Without a byte from the last stage for this long the reading is given up. */
  readonly stallMs: number;
  readonly signal: AbortSignal;
}

export async function proveArchive(request: ProofRequest): Promise<ProofResult> {
  const { path, proof, env, stallMs, signal } = request;
  const decompress = request.decompress ?? asItIs;
  const judge = proof.createJudge();
  const end = await runStreaming({
    command: [
      ...(["/bin/bash", "--norc", "--noprofile", "-c", stages, "prove", path] as const),
      String(decompress.length),
      ...decompress,
      ...(proof.command ?? asItIs),
    ],
    env,
    stallMs,
    signal,
    onStdout: judge.read,
  });
  if (end.isStalled) return { problem: `nothing came for ${stallMs / 1000} s while it was read back` };
  const status = /^status (\d+) (\d+)$/m.exec(end.stderr);
  if (status?.[1] === "0" && status[2] === "0") return judge.judge();
  const words = end.stderr.replace(/^status .*$/m, "").trim();
  return { ...judge.judge(), problem: words || "the reading was cut short" };
}
