/**
 * A stack as compose resolves it, whole: what a drill starts is made of it.
 *
 * Everything is kept that is not looked at; what may stay is decided by `judge-isolation.ts`.
 */
import { z } from "zod";

const dependencySchema = z.looseObject({ required: z.boolean().optional() });

const mountSchema = z.looseObject({
  type: z.string(),
  source: z.string().optional(),
  target: z.string().optional(),
  read_only: z.boolean().optional(),
  bind: z.looseObject({ create_host_path: z.boolean().optional() }).nullish(),
});

const serviceSchema = z.looseObject({
  image: z.string().optional(),
  container_name: z.string().optional(),
  profiles: z.array(z.string()).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  environment: z.record(z.string(), z.string().nullable()).nullish(),
  restart: z.string().optional(),
  depends_on: z.record(z.string(), dependencySchema).nullish(),
  links: z.array(z.string()).nullish(),
  network_mode: z.string().optional(),
  networks: z
    .record(z.string(), z.looseObject({ aliases: z.array(z.string()).nullish() }).nullable())
    .nullish(),
  pid: z.string().optional(),
  ipc: z.string().optional(),
  volumes_from: z.array(z.string()).nullish(),
  volumes: z.array(mountSchema).nullish(),
  secrets: z.array(z.looseObject({ source: z.string() })).nullish(),
  configs: z.array(z.looseObject({ source: z.string() })).nullish(),
  cap_add: z.array(z.string()).nullish(),
  security_opt: z.array(z.string()).nullish(),
  deploy: z
    .looseObject({
      resources: z
        .looseObject({
          limits: z.record(z.string(), z.unknown()).nullish(),
          reservations: z.looseObject({ devices: z.array(z.unknown()).nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

const volumeSchema = z
  .looseObject({
    name: z.string().optional(),
    driver_opts: z.record(z.string(), z.coerce.string()).nullish(),
  })
  .nullable();

const fileSchema = z.looseObject({ file: z.string().optional() });

const modelSchema = z.object({
  name: z.string(),
  services: z.record(z.string(), serviceSchema).nullish(),
  volumes: z.record(z.string(), volumeSchema).nullish(),
  networks: z.record(z.string(), z.unknown()).nullish(),
  secrets: z.record(z.string(), fileSchema).nullish(),
  configs: z.record(z.string(), fileSchema).nullish(),
});

export type TrialModel = z.infer<typeof modelSchema>;
export type TrialService = z.infer<typeof serviceSchema>;
export type TrialMount = z.infer<typeof mountSchema>;

/** What `docker compose config --format json` prints. Throws ZodError or SyntaxError for anything else. */
export function parseTrialModel(json: string): TrialModel {
  // Compose doubles what it would take for a variable if it were to read this again.
  return modelSchema.parse(JSON.parse(json.replaceAll("$$", "$")));
}

/** The same, to be read by compose. */
export function formatTrialModel(model: object): string {
  return JSON.stringify(model, null, 2).replaceAll("$", "$$$$");
}

/** Services that have to be there before this one, or lend it something of theirs. */
export function needsOf(service: TrialService): readonly string[] {
  const owners = [service.network_mode, service.pid, service.ipc].flatMap(
    (mode) => /^service:(.+)$/.exec(mode ?? "")?.[1] ?? [],
  );
  const depended = Object.entries(service.depends_on ?? {}).flatMap(([name, { required }]) =>
    required === false ? [] : name,
  );
  const linked = [...(service.links ?? []), ...(service.volumes_from ?? [])].flatMap(
    (text) => text.split(":")[0] ?? [],
  );
  return [...new Set([...owners, ...depended, ...linked])];
}

/** The paths of this host that a service would be given; those of volumes as well where a volume is a directory of the host. */
export function sourcesOf(model: TrialModel, service: TrialService): readonly string[] {
  const mounted = (service.volumes ?? []).flatMap(({ type, source = "" }) => {
    if (type === "bind") return source;
    return type === "volume" ? (boundDevice(model.volumes?.[source] ?? null) ?? []) : [];
  });
  const files = [
    ...(service.secrets ?? []).map(({ source }) => model.secrets?.[source]),
    ...(service.configs ?? []).map(({ source }) => model.configs?.[source]),
  ];
  return [...new Set([...mounted, ...files.flatMap((one) => one?.file ?? [])])];
}

/** The directory that a volume of the local driver is, when it is one. */
export function boundDevice(volume: z.infer<typeof volumeSchema>): string | undefined {
  const { device, o = "" } = volume?.driver_opts ?? {};
  return o.split(",").some((option) => option === "bind" || option === "rbind") ? device : undefined;
}
