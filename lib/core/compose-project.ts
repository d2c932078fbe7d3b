/** What belongs to a stack, as `docker compose config --format json` resolves it. */
import { z } from "zod";

export interface ComposeService {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
}

export interface ComposeVolume {
  /** The real name, as docker knows it. */
  readonly name: string;
  /** Somebody else made it, and other stacks may use it. */
  readonly isExternal: boolean;
  /** Services that mount it. */
  readonly services: readonly string[];
}

export interface ComposeBind {
  /** On the host. */
  readonly path: string;
  readonly service: string;
  readonly isReadOnly: boolean;
}

export interface ComposeProject {
  readonly name: string;
  readonly services: readonly ComposeService[];
  readonly binds: readonly ComposeBind[];
  readonly volumes: readonly ComposeVolume[];
  /** Files of configs and secrets. */
  readonly files: readonly string[];
  /** Build contexts on this host. */
  readonly buildContexts: readonly string[];
}

const fileSchema = z.object({ file: z.string().optional() });

const serviceSchema = z.object({
  labels: z.record(z.string(), z.string()).nullish(),
  profiles: z.array(z.string()).nullish(),
  volumes: z
    .array(z.object({ type: z.string(), source: z.string().optional(), read_only: z.boolean().optional() }))
    .nullish(),
  build: z.object({ context: z.string().optional() }).nullish(),
});

const projectSchema = z.object({
  name: z.string(),
  services: z.record(z.string(), serviceSchema).nullish(),
  volumes: z
    .record(
      z.string(),
      z.object({ name: z.string().optional(), external: z.boolean().optional() }).nullable(),
    )
    .nullish(),
  configs: z.record(z.string(), fileSchema).nullish(),
  secrets: z.record(z.string(), fileSchema).nullish(),
});

/** Throws ZodError or SyntaxError for anything that compose would not print. */
export function parseComposeProject(json: string): ComposeProject {
  const raw = projectSchema.parse(JSON.parse(json));
  const services = Object.entries(raw.services ?? {});
  return {
    name: raw.name,
    services: services.map(([name, { labels, profiles }]) => ({
      name,
      labels: labels ?? {},
      profiles: profiles ?? [],
    })),
    binds: services.flatMap(([service, { volumes }]) =>
      (volumes ?? []).flatMap(({ type, source, read_only: isReadOnly = false }) =>
        type === "bind" && source !== undefined ? [{ path: source, service, isReadOnly }] : [],
      ),
    ),
    volumes: Object.entries(raw.volumes ?? {}).map(([key, volume]) => ({
      name: volume?.name ?? `${raw.name}_${key}`,
      isExternal: volume?.external ?? false,
      services: services.flatMap(([service, { volumes }]) =>
        (volumes ?? []).some(({ type, source }) => type === "volume" && source === key) ? [service] : [],
      ),
    })),
    files: [...Object.values(raw.configs ?? {}), ...Object.values(raw.secrets ?? {})].flatMap(
      ({ file }) => file ?? [],
    ),
    // A context may lie in the network as well.
    buildContexts: services.flatMap(([, { build }]) =>
      build?.context?.startsWith("/") ? [build.context] : [],
    ),
  };
}
