/** Which machine writes, beyond its host's name: a cloned machine keeps that, and often `/etc/machine-id` too. */
export interface MachineIds {
  /** `/etc/machine-id`: another value under the same name is another installation. */
  readonly machineId?: string | undefined;
  /** Of the hardware, or of the virtual machine that stands for it: another value is another machine, whatever its disk says. */
  readonly hardwareId?: string | undefined;
}

const markLength = 8;

/** Both ids in a few letters, for a name: enough to tell two machines apart that have one name. */
export function machineMark({ machineId = "", hardwareId = "" }: MachineIds): string {
  return [machineId, hardwareId].map((id) => id.slice(0, markLength)).join(".");
}

/** Whether two marks are of different machines; what either does not know is not compared. */
export function isOtherMachine(mark: string, other: string): boolean {
  const others = other.split(".");
  return mark.split(".").some((id, place) => {
    const otherId = others[place] ?? "";
    return id !== "" && otherId !== "" && id !== otherId;
  });
}
