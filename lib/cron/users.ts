/** Users of a machine: those of its passwd file, and on this machine those that its directory service knows. */
import { describeFile, type Machine, readListed } from "#lib/cron/machine.ts";

export interface MachineUser {
  readonly name: string;
  readonly home: string;
}

/** Of /etc/passwd, in its order. */
export async function readUsers(machine: Machine): Promise<readonly MachineUser[]> {
  const file = await describeFile(machine, "/etc/passwd");
  const read = file === undefined ? [] : await readListed(machine, [file], () => undefined);
  return (read[0]?.text ?? "").split("\n").flatMap((line) => {
    const [name, , , , , home] = line.split(":");
    return name && home?.startsWith("/") ? [{ name, home }] : [];
  });
}

/** Whether a user is known; one that the passwd file does not have is asked for, under the deadline. */
export async function createUserLookup(machine: Machine): Promise<(name: string) => Promise<boolean>> {
  const names = new Set((await readUsers(machine)).map(({ name }) => name));
  return async (name) => {
    if (names.has(name) || machine.root !== "/") return names.has(name);
    const result = await machine.exec(["getent", "passwd", name], { timeoutMs: machine.timeoutMs });
    return result.exitCode === 0;
  };
}
