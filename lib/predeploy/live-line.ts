/** What runs at this moment, for how long, and how much waits: one line on a terminal. */
import type { Clock } from "#lib/core/deps.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { Progress } from "#lib/core/run-context.ts";

export interface LiveLine {
  readonly began: (name: string) => void;
  readonly ended: (name: string) => void;
  /** Added to what waits for a free place. */
  readonly waits: (count: number) => void;
  readonly close: () => void;
}

const redrawMs = 1000;

export function createLiveLine(progress: Progress, clock: Clock): LiveLine {
  const running = new Map<string, number>();
  const closed = new AbortController();
  let waiting = 0;
  const draw = () => {
    const now = clock.monotonicMs();
    const names = [...running].map(
      ([name, sinceMs]) =>
        `${name.replace(/\.service$/, "")} ${formatDuration(Math.floor((now - sinceMs) / 1000) * 1000)}`,
    );
    if (names.length > 0) progress.show([...names, ...(waiting > 0 ? [`${waiting} wait`] : [])].join(", "));
  };
  const redraw = async () => {
    while (!closed.signal.aborted) {
      draw();
      await clock.sleep(redrawMs, closed.signal).catch(() => undefined);
    }
  };
  void redraw();
  return {
    began: (name) => {
      running.set(name, clock.monotonicMs());
      draw();
    },
    ended: (name) => {
      running.delete(name);
      progress.end();
    },
    waits: (count) => {
      waiting += count;
    },
    close: () => {
      closed.abort();
      progress.end();
    },
  };
}
