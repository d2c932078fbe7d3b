/** Containers of compose projects, as docker tells of them. */
import { resolve } from "node:path";
import { z } from "zod";

export type ContainerState =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead"
  /** A word that we do not know. */
  | "unknown";

export type Health = "healthy" | "unhealthy" | "starting";

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface Dependency {
  readonly service: string;
  readonly condition: DependencyCondition;
}

export interface Mount {
  readonly type: "bind" | "volume" | "tmpfs" | "other";
  /** Path on the host; of a volume of the local driver, where its data lies. Empty for tmpfs. */
  readonly source: string;
  readonly destination: string;
  readonly volumeName: string | undefined;
  /** A volume of which nobody chose the name: it is found by its container alone. */
  readonly isAnonymous: boolean;
  readonly isReadOnly: boolean;
}

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly service: string;
  /** Where compose was when it made the container, and by which files; those of the last `up`. */
  readonly workingDir: string | undefined;
  readonly configFiles: readonly string[];
  readonly environmentFiles: readonly string[];
  /** Compose's hash of the service as it was deployed. */
  readonly configHash: string | undefined;
  /** Made by `docker compose run`. */
  readonly isOneOff: boolean;
  /** Docker removes it as soon as it stops. */
  readonly isAutoRemoved: boolean;
  readonly state: ContainerState;
  readonly exitCode: number;
  /** Only of a container with a healthcheck. */
  readonly health: Health | undefined;
  readonly restartPolicy: string;
  /** How often docker started it again since somebody started it. */
  readonly restartCount: number;
  readonly startedAt: string;
  /** How long docker waits after TERM before it kills. */
  readonly stopTimeoutMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly dependsOn: readonly Dependency[];
  readonly networkMode: string;
  /** Id of the container whose network it shares. */
  readonly networkOwner: string | undefined;
  readonly mounts: readonly Mount[];
}

/**
 * What `docker inspect --format` prints of each container, one JSON value a line.
 *
 * Not the whole: the environment of containers holds secrets, and the outputs of their healthchecks are long.
 */
export const containerFormat = [
  '{"id":{{json .ID}}',
  '"name":{{json .Name}}',
  '"restartCount":{{json .RestartCount}}',
  '"state":{{json .State.Status}}',
  '"exitCode":{{json .State.ExitCode}}',
  '"startedAt":{{json .State.StartedAt}}',
  '"health":{{with .State.Health}}{{json .Status}}{{else}}null{{end}}',
  '"networkMode":{{json .HostConfig.NetworkMode}}',
  '"restartPolicy":{{json .HostConfig.RestartPolicy.Name}}',
  '"isAutoRemoved":{{json .HostConfig.AutoRemove}}',
  '"stopTimeout":{{json .Config.StopTimeout}}',
  '"labels":{{json .Config.Labels}}',
  '"mounts":{{json .Mounts}}}',
].join(",");

const prefix = "com.docker.compose.";
const defaultStopTimeoutSeconds = 10;
/** A container may ask for TERM and nothing else, however long it takes. */
const endlessStopSeconds = 600;

const mountSchema = z.object({
  Type: z.enum(["bind", "volume", "tmpfs", "other"]).catch("other"),
  Source: z.string().default(""),
  Destination: z.string(),
  Name: z.string().optional(),
  RW: z.boolean().default(true),
});

const stateSchema = z
  .enum(["created", "running", "paused", "restarting", "removing", "exited", "dead", "unknown"])
  .catch("unknown");

const containerSchema = z.object({
  id: z.string(),
  name: z.string(),
  restartCount: z.number(),
  state: stateSchema,
  exitCode: z.number(),
  startedAt: z.string(),
  health: z.string().nullable(),
  networkMode: z.string(),
  restartPolicy: z.string(),
  isAutoRemoved: z.boolean(),
  stopTimeout: z.number().nullable(),
  labels: z.record(z.string(), z.string()).nullable(),
  mounts: z.array(mountSchema).nullable(),
});

/** A line of `docker inspect --format`. Throws ZodError or SyntaxError for anything else. */
export function parseContainer(line: string): Container {
  const raw = containerSchema.parse(JSON.parse(line));
  const labels = raw.labels ?? {};
  const label = (name: string) => labels[`${prefix}${name}`] || undefined;
  const [, networkOwner] = /^container:(.+)$/.exec(raw.networkMode) ?? [];
  return {
    id: raw.id,
    name: raw.name.replace(/^\//, ""),
    project: label("project") ?? "",
    service: label("service") ?? "",
    workingDir: label("project.working_dir"),
    configFiles: splitPaths(label("project.config_files"), label("project.working_dir")),
    environmentFiles: splitPaths(label("project.environment_file"), label("project.working_dir")),
    configHash: label("config-hash"),
    isOneOff: label("oneoff")?.toLowerCase() === "true",
    isAutoRemoved: raw.isAutoRemoved,
    state: raw.state,
    exitCode: raw.exitCode,
    health: parseHealth(raw.health),
    restartPolicy: raw.restartPolicy || "no",
    restartCount: raw.restartCount,
    startedAt: raw.startedAt,
    stopTimeoutMs: toStopSeconds(raw.stopTimeout) * 1000,
    labels,
    dependsOn: parseDependencies(label("depends_on")),
    networkMode: raw.networkMode,
    networkOwner,
    mounts: (raw.mounts ?? []).map(parseMount),
  };
}

function toStopSeconds(seconds: number | null): number {
  if (seconds === null) return defaultStopTimeoutSeconds;
  return seconds < 0 ? endlessStopSeconds : seconds;
}

/** `db:service_healthy:false,cache:service_started:true`; the last word is about updates, and older composes lack it. */
function parseDependencies(text: string | undefined): Dependency[] {
  return splitList(text).map((item) => {
    const [service = "", word] = item.split(":");
    const isKnown = word === "service_healthy" || word === "service_completed_successfully";
    return { service, condition: isKnown ? word : "service_started" };
  });
}

function parseHealth(word: string | null): Health | undefined {
  return word === "healthy" || word === "unhealthy" || word === "starting" ? word : undefined;
}

function parseMount(raw: z.infer<typeof mountSchema>): Mount {
  return {
    type: raw.Type,
    source: raw.Source,
    destination: raw.Destination,
    volumeName: raw.Name || undefined,
    isAnonymous: raw.Type === "volume" && /^[0-9a-f]{64}$/.test(raw.Name ?? ""),
    isReadOnly: !raw.RW,
  };
}

/** Older composes write paths as they were given; `-` was its standard input. */
function splitPaths(text: string | undefined, directory = "/"): string[] {
  return splitList(text).flatMap((path) => (path === "-" ? [] : resolve(directory, path)));
}

function splitList(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((item) => item !== "");
}
