import { z } from "zod";
import type { UnitState } from "#lib/core/unit-state.ts";
import { managerPath, type SystemdBus, systemdName } from "#lib/units/systemd-bus.ts";

const noJob = "/";
/** CLD_KILLED and CLD_DUMPED of waitid(2). */
const killedCodes = new Set([2, 3]);
const text = z.string();
const invocationId = z
  .array(z.number())
  .transform((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
const answers = z.object({
  Id: text,
  LoadState: text,
  ActiveState: text,
  SubState: text,
  Job: z.tuple([z.number(), text]).transform(([, path]) => (path === noJob ? undefined : path)),
  InvocationID: invocationId,
  ConditionResult: z.boolean(),
  ConditionTimestampMonotonic: z.bigint(),
  CanStart: z.boolean(),
  Result: text,
  ExecMainCode: z.number(),
  ExecMainStatus: z.number(),
  NRestarts: z.number(),
});
const properties = z.array(z.tuple([text, z.unknown()]));

/** The InvocationID among properties that have changed, if there is one. */
export function readInvocation(changed: unknown): string | undefined {
  const parsed = properties.safeParse(changed);
  const id = parsed.data?.find(([name]) => name === "InvocationID")?.[1];
  const text = invocationId.safeParse(id).data;
  return text === "" ? undefined : text;
}

/** The unit's object; loads the unit if need be. */
export async function unitPath(bus: SystemdBus, unit: string): Promise<string> {
  const [path] = await bus.call(managerPath, `${systemdName}.Manager`, "LoadUnit", [unit]);
  return text.parse(path);
}

/** How a service is now. One answer has everything: several would each be of another moment. */
export async function lookAtUnit(bus: SystemdBus, unit: string): Promise<UnitState> {
  const path = await unitPath(bus, unit);
  // Without a name of an interface: the properties of all of them.
  const [all] = await bus.call(path, "org.freedesktop.DBus.Properties", "GetAll", [""]);
  const state = answers.parse(Object.fromEntries(properties.parse(all)));
  return {
    id: state.Id,
    loadState: state.LoadState,
    activeState: state.ActiveState,
    subState: state.SubState,
    job: state.Job,
    invocationId: state.InvocationID,
    conditionResult: state.ConditionResult,
    conditionAt: state.ConditionTimestampMonotonic,
    canStart: state.CanStart,
    result: state.Result,
    exitStatus: state.ExecMainStatus,
    isKilled: killedCodes.has(state.ExecMainCode),
    restarts: state.NRestarts,
  };
}
