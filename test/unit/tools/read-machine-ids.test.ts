import { expect, test } from "bun:test";
import { readMachineIds } from "#lib/tools/read-machine-ids.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test("readMachineIds() tells clones of one disk apart by what their hypervisor or board says, without repeating it", async () => {
  const idsOf = async (file: string, word: string) => {
    await using machine = await createSandbox();
    await machine.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    await machine.write(file, word);
    return await readMachineIds(machine.directory);
  };
  const uuid = "sys/class/dmi/id/product_uuid";
  const serial = "proc/device-tree/serial-number";
  const ids = [
    await idsOf(uuid, "4c4c4544-0001\n"),
    await idsOf(uuid, "4c4c4544-0002\n"),
    await idsOf(serial, "10000000a\0"),
  ];
  for (const { machineId, hardwareId } of ids) {
    expect(machineId).toBe("0123456789abcdef0123456789abcdef");
    expect(hardwareId).toMatch(/^[0-9a-f]{32}$/);
  }
  expect(new Set(ids.map(({ hardwareId }) => hardwareId)).size).toBe(3);
  expect(await idsOf(uuid, "4c4c4544-0001\n")).toEqual(ids[0] ?? {});
});

test("readMachineIds() knows nothing of a container that has neither", async () => {
  await using machine = await createSandbox();
  expect(await readMachineIds(machine.directory)).toEqual({ machineId: undefined, hardwareId: undefined });
});
