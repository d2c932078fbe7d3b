/**
 * A systemd manager by D-Bus: one connection that subscribes, asks, starts and listens, made anew when it is lost.
 *
 * What happened is never taken from a signal: a signal says that something happened, and the unit is looked at again. One
 * that is lost with its connection costs nothing, since a new connection is itself taken for a change of every unit.
 */

import type { DbusMessage } from "#lib/core/dbus-message.ts";
import type { Clock } from "#lib/core/deps.ts";
import { unitOfPath } from "#lib/core/unit-path.ts";
import { DbusError } from "#lib/tools/dbus-connection.ts";
import { findUnits } from "#lib/units/find-units.ts";
import { lookAtUnit, readInvocation, unitPath } from "#lib/units/look-at-unit.ts";
import { managerPath, openSystemdBus, type SystemdBus, systemdName } from "#lib/units/systemd-bus.ts";
import type { ManagerTarget, UnitManager } from "#lib/units/unit-manager.ts";

export interface ManagerRequest {
  readonly target: ManagerTarget;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  /** Called when the connection was lost, with the reason. */
  readonly onLost: (reason: string) => void;
}

const managerInterface = `${systemdName}.Manager`;

/** Rejects with DbusError "lost" when systemd cannot be reached now; later losses are mended. */
export async function connectManager(request: ManagerRequest): Promise<UnitManager> {
  const counts = new Map<string, number>();
  const announced = new Map<string, string>();
  const jobResults = new Map<string, string>();
  const held = new Set<string>();
  const listeners = new Set<() => void>();
  let everything = 0;
  let isClosed = false;
  let connecting: Promise<SystemdBus> | undefined;

  const wake = () => {
    for (const listener of listeners) listener();
  };
  const onSignal = ({ path, member, body }: DbusMessage) => {
    if (member === "JobRemoved" && typeof body[1] === "string" && typeof body[2] === "string") {
      jobResults.set(body[1], String(body[3]));
      count(body[2]);
    } else if (member === "PropertiesChanged" && body[0] === `${systemdName}.Unit`) {
      const unit = unitOfPath(path ?? "");
      const invocation = readInvocation(body[1]);
      if (unit === undefined) return;
      if (invocation !== undefined) announced.set(unit, invocation);
      count(unit);
    } else if (member === "Reloading" || member === "NameOwnerChanged") {
      everything += 1;
    } else return;
    wake();
  };
  const count = (unit: string) => counts.set(unit, (counts.get(unit) ?? 0) + 1);

  const connectAnew = async (): Promise<SystemdBus> => {
    const bus = await openSystemdBus({ ...request, onSignal });
    void bus.closed.then((reason) => {
      connecting = undefined;
      if (isClosed) return;
      request.onLost(reason);
      everything += 1;
      wake();
    });
    for (const unit of held) await holdAt(bus, unit);
    everything += 1;
    return bus;
  };
  const connected = (): Promise<SystemdBus> => {
    connecting ??= connectAnew().catch((error: unknown) => {
      connecting = undefined;
      throw error;
    });
    return connecting;
  };
  await connected();

  return {
    find: async (patterns) => findUnits(await connected(), patterns),
    look: async (unit) => lookAtUnit(await connected(), unit),
    hold: async (unit) => {
      held.add(unit);
      // A connection that is made later holds it as well.
      await connected().then(
        (bus) => holdAt(bus, unit),
        () => undefined,
      );
    },
    start: async (unit) => {
      const bus = await connected();
      // "fail": somebody else's queued stop of this unit is not overruled.
      const [job] = await bus.call(managerPath, managerInterface, "StartUnit", [unit, "fail"]);
      return String(job);
    },
    stop: async (unit) => {
      const bus = await connected();
      await bus.call(managerPath, managerInterface, "StopUnit", [unit, "replace"]);
    },
    announced: (unit) => announced.get(unit),
    jobResult: (job) => jobResults.get(job),
    changeCount: (unit) => everything + (counts.get(unit) ?? 0),
    untilChange: async (unit, seen, atMostMs, signal) => {
      const isChanged = () => everything + (counts.get(unit) ?? 0) !== seen;
      if (isChanged()) return;
      const changed = Promise.withResolvers<void>();
      const listener = () => {
        if (isChanged()) changed.resolve();
      };
      const late = new AbortController();
      listeners.add(listener);
      try {
        const either = AbortSignal.any([signal, late.signal]);
        const timer = request.clock.sleep(atMostMs, either).catch(() => undefined);
        await Promise.race([changed.promise, timer]);
      } finally {
        listeners.delete(listener);
        late.abort();
      }
    },
    close: () => {
      isClosed = true;
      void connecting?.then(
        (bus) => bus.close(),
        () => undefined,
      );
    },
  };
}

/** Best effort: without it a unit's result may be gone with the unit, and that shows in its InvocationID. */
async function holdAt(bus: SystemdBus, unit: string): Promise<void> {
  try {
    await bus.call(await unitPath(bus, unit), `${systemdName}.Unit`, "Ref");
  } catch (error) {
    if (!(error instanceof DbusError)) throw error;
  }
}
