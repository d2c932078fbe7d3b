/**
 * One line on a terminal that is overwritten: phase, bytes, rate, time left.
 *
 * Ours and not a prompt library's spinner: those put the terminal into raw mode and end the process on Ctrl-C, which here
 * has to stop children, restart services and send a report first.
 */
import { formatDuration } from "#lib/core/duration.ts";
import type { Progress } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";
import type { Session } from "#lib/run/session.ts";

const redrawMs = 200;
const clearLine = "\r\x1b[2K";

export const noProgress: Progress = {
  begin: () => undefined,
  update: () => undefined,
  show: () => undefined,
  end: () => undefined,
};

/** The text of a progress line, at most `columns` wide. */
export function formatProgress(
  state: { readonly phase: string; readonly doneBytes: number; readonly totalBytes: number | undefined },
  elapsedMs: number,
  columns: number,
): string {
  const { phase, doneBytes, totalBytes } = state;
  const rate = elapsedMs > 0 ? (doneBytes / elapsedMs) * 1000 : 0;
  const parts = [`${phase}: ${formatBytes(doneBytes)}`, `${formatBytes(Math.round(rate))}/s`];
  if (totalBytes !== undefined && totalBytes > doneBytes && rate > 0) {
    const leftMs = ((totalBytes - doneBytes) / rate) * 1000;
    parts.push(`about ${formatDuration(leftMs)} left (by the last set)`);
  }
  return parts.join(", ").slice(0, Math.max(columns - 1, 0));
}

/** Progress on the session's stderr; silent off a terminal, with --quiet and with --json. */
export function createProgress(session: Session): Progress {
  const { world, flags, log, deps } = session;
  if (!world.stderr.isTerminal || flags?.isQuiet === true || flags?.isJson === true) return noProgress;
  let state: { phase: string; doneBytes: number; totalBytes: number | undefined } | undefined;
  let shown: string | undefined;
  let beganMs = 0;
  let drawnMs = 0;
  const draw = () => {
    if (state === undefined) return;
    drawnMs = deps.clock.monotonicMs();
    void world.stderr.write(clearLine + formatProgress(state, drawnMs - beganMs, world.stderr.columns));
  };
  log.setPrelude(() => (state === undefined && shown === undefined ? "" : clearLine));
  return {
    begin: (phase, totalBytes) => {
      state = { phase, doneBytes: 0, totalBytes };
      beganMs = deps.clock.monotonicMs();
      draw();
    },
    update: (doneBytes) => {
      if (state === undefined) return;
      state = { ...state, doneBytes };
      if (deps.clock.monotonicMs() - drawnMs >= redrawMs) draw();
    },
    show: (line) => {
      shown = line;
      void world.stderr.write(clearLine + line.slice(0, Math.max(world.stderr.columns - 1, 0)));
    },
    end: () => {
      state = undefined;
      shown = undefined;
      void world.stderr.write(clearLine);
    },
  };
}
