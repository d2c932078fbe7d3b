/**
 * Stands before every program that a run calls, counts the calls, and ends the run at one of them.
 *
 * So there is no list of steps that could grow stale: an undisturbed run says what its steps are.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How a run is ended. "power" also ends its guardian, before that can do anything. */
export type Blow = "SIGKILL" | "SIGTERM" | "SIGINT" | "SIGHUP" | "power";

export interface Strike {
  readonly blow: Blow;
  /** The how-manieth call, from 1. */
  readonly turn: number;
  readonly when: "before" | "after";
}

export interface Striker {
  /** The striker's programs before those of the machine. */
  readonly path: string;
  /** Forget all calls, and wait for another run; without a strike it is not ended. */
  readonly arm: (strike?: Strike) => void;
  /** Say which process the run is. Only its own calls count, not those of whoever clears up after it. */
  readonly watch: (pid: number) => void;
  /** What the run has called so far: program and arguments. */
  readonly calls: () => readonly string[];
}

const directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const machinePath = directories.join(":");

/**
 * A program that goes on after it killed its parent would do what no run has asked for. What is not struck becomes the real
 * program at once: nothing of the striker stays between it and the run.
 */
const script = (state: string) => `#!/bin/bash
state=${state} program=\${0##*/}
PATH=${machinePath}
read -r run <"$state/run"
[ "$PPID" = "$run" ] || exec "$program" "$@"
printf '%s\\n' "$program \${*//$'\\n'/ }" >>"$state/calls"
mapfile -t calls <"$state/calls"
read -r blow turn when <"$state/strike"
[ "\${#calls[@]}" -ge "$turn" ] && mkdir "$state/struck" 2>/dev/null || exec "$program" "$@"
strike() {
  [ "$when" = "$1" ] || return
  case $blow in
    power) kill -STOP "$run"; pkill -KILL -P "$run" -f '^/bin/sh -c .* guardian '; kill -KILL "$run"; exit ;;
    SIGKILL) kill -KILL "$run"; exit ;;
    *) kill -"\${blow#SIG}" "$run" ;;
  esac
}
strike before
/usr/bin/env "$program" "$@"
status=$?
strike after
exit $status
`;

/** In a directory of its own, which it makes. */
export function createStriker(directory: string): Striker {
  const [state, bin] = [join(directory, "state"), join(directory, "bin")];
  for (const each of [state, bin]) mkdirSync(each, { recursive: true });
  writeFileSync(join(directory, "strike"), script(state), { mode: 0o755 });
  for (const name of new Set(directories.flatMap((each) => readdirSync(each))))
    symlinkSync("../strike", join(bin, name));
  const write = (name: string, text: string) => writeFileSync(join(state, name), `${text}\n`);
  const arm: Striker["arm"] = (
    { blow, turn, when } = { blow: "SIGKILL", turn: 1_000_000, when: "before" },
  ) => {
    rmSync(join(state, "struck"), { recursive: true, force: true });
    writeFileSync(join(state, "calls"), "");
    write("run", "0");
    write("strike", `${blow} ${turn} ${when}`);
  };
  arm();
  return {
    path: `${bin}:${machinePath}`,
    arm,
    watch: (pid) => write("run", String(pid)),
    calls: () => readFileSync(join(state, "calls"), "utf8").split("\n").slice(0, -1),
  };
}
