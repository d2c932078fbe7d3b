/** A connection to a manager's bus: where it is, and the greeting. */

import { getuid } from "node:process";
import type { DbusMessage } from "#lib/core/dbus-message.ts";
import type { DbusValue } from "#lib/core/dbus-reader.ts";
import { describeError } from "#lib/core/ops-error.ts";
import { type DbusConnection, DbusError, openDbusConnection } from "#lib/tools/dbus-connection.ts";
import { openRelay, openSocket } from "#lib/tools/dbus-transport.ts";
import { sshCommand } from "#lib/units/ssh-command.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

export type BusArguments = readonly (string | readonly string[])[];

export interface SystemdBus {
  readonly call: (
    path: string,
    interfaceName: string,
    member: string,
    args?: BusArguments,
  ) => Promise<readonly DbusValue[]>;
  readonly closed: Promise<string>;
  readonly close: () => void;
}

export const systemdName = "org.freedesktop.systemd1";
export const managerPath = "/org/freedesktop/systemd1";
const daemonName = "org.freedesktop.DBus";
const callMs = 30_000;

const matches = [
  `type='signal',sender='${systemdName}',path_namespace='${managerPath}'`,
  `type='signal',sender='${daemonName}',member='NameOwnerChanged',arg0='${systemdName}'`,
];

export interface BusRequest {
  readonly target: ManagerTarget;
  readonly environment: Readonly<Record<string, string>>;
  readonly onSignal: (signal: DbusMessage) => void;
}

/**
 * Connect, subscribe to what happens to units and jobs. Rejects with DbusError "lost" when there is no way in.
 *
 * systemd's own socket serves root where no bus daemon runs, or none any more: it needs no greeting and tells everything.
 */
export async function openSystemdBus(request: BusRequest): Promise<SystemdBus> {
  const { target, environment, onSignal } = request;
  const uid = getuid?.() ?? 0;
  if (target.kind === "host") {
    const relay = openRelay(sshCommand(target.host, ["systemd-stdio-bridge"]), environment);
    return greet(await openDbusConnection(relay, uid, onSignal));
  }
  const problems: string[] = [];
  for (const { path, isDirect } of socketsOf(target.kind, environment, uid)) {
    try {
      const connection = await openDbusConnection(await openSocket(path), uid, onSignal);
      return isDirect ? busOf(connection, undefined) : await greet(connection);
    } catch (error) {
      if (!(error instanceof DbusError)) throw error;
      problems.push(describeError(error));
    }
  }
  throw new DbusError("lost", problems.join("; "));
}

async function greet(connection: DbusConnection): Promise<SystemdBus> {
  try {
    const daemon = (member: string, args: BusArguments = []) =>
      connection.call(
        { destination: daemonName, path: "/org/freedesktop/DBus", interface: daemonName, member, args },
        callMs,
      );
    await daemon("Hello");
    for (const match of matches) await daemon("AddMatch", [match]);
    const bus = busOf(connection, systemdName);
    await bus.call(managerPath, `${systemdName}.Manager`, "Subscribe");
    return bus;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function busOf(connection: DbusConnection, destination: string | undefined): SystemdBus {
  return {
    call: (path, interfaceName, member, args = []) =>
      connection.call({ destination, path, interface: interfaceName, member, args }, callMs),
    closed: connection.closed,
    close: connection.close,
  };
}

interface BusSocket {
  readonly path: string;
  /** systemd itself is at the other end. */
  readonly isDirect: boolean;
}

function socketsOf(
  kind: "system" | "user",
  environment: Readonly<Record<string, string>>,
  uid: number,
): readonly BusSocket[] {
  if (kind === "system") {
    const given = socketOf(environment["DBUS_SYSTEM_BUS_ADDRESS"]);
    return [
      { path: given ?? "/run/dbus/system_bus_socket", isDirect: false },
      ...(uid === 0 ? [{ path: "/run/systemd/private", isDirect: true }] : []),
    ];
  }
  const directory = environment["XDG_RUNTIME_DIR"] ?? `/run/user/${uid}`;
  const given = socketOf(environment["DBUS_SESSION_BUS_ADDRESS"]);
  return [
    { path: given ?? `${directory}/bus`, isDirect: false },
    { path: `${directory}/systemd/private`, isDirect: true },
  ];
}

/** `unix:path=/run/user/1000/bus,guid=…` → `/run/user/1000/bus`. */
function socketOf(address: string | undefined): string | undefined {
  return /^unix:path=([^,;]+)/.exec(address ?? "")?.[1];
}
