/** What docker says when it cannot do something, told apart by kind: some of it passes by itself, some never does. */
import { OpsError } from "#lib/core/ops-error.ts";

export type DockerTrouble =
  /** The program is missing. */
  | "not-installed"
  /** Docker is there, its compose plugin is not. */
  | "no-compose"
  /** No engine behind the socket: stopped, or being restarted. */
  | "unreachable"
  /** This user may not ask the engine. */
  | "denied"
  /** No answer within the deadline. */
  | "timeout"
  | "no-container"
  /** Somebody removed a network while nothing ran in it: `docker network prune` does. */
  | "no-network"
  | "no-image"
  | "port-taken"
  /** The compose file is missing or invalid, or a variable that it needs is not set. */
  | "compose-file"
  | "other";

interface DockerErrorDetails {
  readonly trouble: DockerTrouble;
  readonly hint: string;
  readonly cause?: unknown;
}

/** A call of docker that failed, in docker's own words. */
export class DockerError extends OpsError {
  readonly trouble: DockerTrouble;

  constructor(message: string, { trouble, ...details }: DockerErrorDetails) {
    super(message, { outcome: "failed", ...details });
    this.name = "DockerError";
    this.trouble = trouble;
  }
}

/** Whether it may answer a moment later: an engine that is starting does. */
export function isPassing({ trouble }: DockerError): boolean {
  return trouble === "unreachable" || trouble === "timeout";
}
