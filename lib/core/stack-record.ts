/**
 * What ran in a stack before it was stopped: enough to start it again without its compose files, hours later and by another
 * process. It lies in the journal before anything is stopped.
 */
import { z } from "zod";

const recordedContainerSchema = z.object({
  id: z.string(),
  name: z.string(),
  service: z.string(),
  dependsOn: z.array(
    z.object({
      service: z.string(),
      condition: z.enum(["service_started", "service_healthy", "service_completed_successfully"]),
    }),
  ),
  /** Id of the container whose network it shares. */
  networkOwner: z.string().optional(),
  restartPolicy: z.string(),
  stopTimeoutMs: z.number(),
  /** It had a healthcheck, and that said: healthy. Only then it must say so again. */
  wasHealthy: z.boolean(),
  /** It was being restarted again and again before we came. */
  wasRestarting: z.boolean(),
});

export const stackRecordSchema = z.object({
  project: z.string(),
  /** Where compose was when it deployed the stack; absent when its containers do not say. */
  directory: z.string().optional(),
  configFiles: z.array(z.string()),
  environmentFiles: z.array(z.string()),
  how: z.enum(["stop", "down", "pause"]),
  /** In the order in which they are started. */
  containers: z.array(recordedContainerSchema),
});

export type RecordedContainer = z.infer<typeof recordedContainerSchema>;

export type StackRecord = z.infer<typeof stackRecordSchema>;

export type StopMethod = StackRecord["how"];
