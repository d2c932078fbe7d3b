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
  expect(await idsOf(uuid, "4C4C4544-0001\n")).toEqual(ids[0] ?? {});
});

test.each([
  ["run/systemd/container", "lxc\n"],
  [".dockerenv", ""],
  ["run/.containerenv", ""],
  ["proc/1/environ", "TERM=linux\0container=lxc\0"],
])("readMachineIds() takes no host's hardware for that of a container: %s", async (file, text) => {
  await using machine = await createSandbox();
  await machine.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  await machine.write("sys/class/dmi/id/product_uuid", "4c4c4544-0001\n");
  expect((await readMachineIds(machine.directory)).hardwareId).toMatch(/./);
  await machine.write(file, text);
  expect(await readMachineIds(machine.directory)).toEqual({
    machineId: "0123456789abcdef0123456789abcdef",
    hardwareId: undefined,
  });
});

test("readMachineIds() knows nothing of a container that has neither", async () => {
  await using machine = await createSandbox();
  expect(await readMachineIds(machine.directory)).toEqual({ machineId: undefined, hardwareId: undefined });
});
