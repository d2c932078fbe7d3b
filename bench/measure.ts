/** Run one command and say how long it took and how much memory its own process needed at most. */
import { readFileSync } from "node:fs";

export interface Measurement {
  readonly seconds: number;
  /** Peak of the process itself, without its children: for a shell script this says nothing. */
  readonly peakMb: number;
  /** Of all its processes, in the kernel as well: other work on the machine stretches it less. */
  readonly processorSeconds: number;
}

const pollMs = 20;

export async function measure(command: readonly string[]): Promise<Measurement> {
  const startedAt = performance.now();
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  let peakKb = 0;
  const timer = setInterval(() => {
    peakKb = Math.max(peakKb, readPeakKb(child.pid));
  }, pollMs);
  const [exitCode, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  clearInterval(timer);
  const seconds = (performance.now() - startedAt) / 1000;
  if (exitCode !== 0) throw new Error(`${command.join(" ")} exited with ${exitCode}\n${stdout}${stderr}`);
  const processorSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  return { seconds, peakMb: peakKb / 1024, processorSeconds };
}

/** The kernel's own high-water mark, so that a poll misses at most what comes after the last one. */
function readPeakKb(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    // It has just ended.
    return 0;
  }
}
