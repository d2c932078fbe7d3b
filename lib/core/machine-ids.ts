/** Which machine writes, beyond its host's name: a cloned machine keeps that, and often `/etc/machine-id` too. */
export interface MachineIds {
  /** `/etc/machine-id`: another value under the same name is another installation. */
  readonly machineId?: string | undefined;
  /** Of the hardware, or of the virtual machine that stands for it: another value is another machine, whatever its disk says. */
  readonly hardwareId?: string | undefined;
}

/** A machine, and what it was before: other ids that are its own. */
export interface KnownMachine extends MachineIds {
  readonly formerIds: readonly string[];
}

const markLength = 8;

/** Both ids in a few letters, for a name: enough to tell two machines apart that have one name. No name may end with a dot on Windows. */
export function machineMark({ machineId = "", hardwareId = "" }: MachineIds): string {
  const mark = [machineId, hardwareId].map((id) => id.slice(0, markLength)).join(".");
  return mark.replace(/\.+$/, "");
}

/** Whether a mark is of another machine; what either does not know is not compared. */
export function isOtherMachine(mark: string, machine: KnownMachine): boolean {
  const own = machineMark(machine).split(".");
  return mark.split(".").some((id, place) => {
    const ownId = own[place] ?? "";
    const isFormer = machine.formerIds.some((former) => former.slice(0, markLength) === id);
    return id !== "" && ownId !== "" && id !== ownId && !isFormer;
  });
}
