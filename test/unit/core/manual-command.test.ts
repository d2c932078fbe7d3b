import { expect, test } from "bun:test";
import { manualStartCommand } from "#lib/core/manual-command.ts";
import { stoppedStack } from "#test/support/fake-docker.ts";

test.each([
  ["stop", "docker start db web"],
  ["pause", "docker unpause db web"],
] as const)("manualStartCommand() after %s names what ran", (how, command) => {
  expect(manualStartCommand(stoppedStack(["db", "web"], how).record)).toBe(command);
});

test("manualStartCommand() after down names the files, each service once, and quotes what a shell would take apart", () => {
  const { record } = stoppedStack(["db", "web"], "down");
  const twice = [...record.containers, ...record.containers];
  const directory = "/stacks/my shop";
  const files = { configFiles: [`${directory}/a.yaml`], environmentFiles: ["/etc/p.env"] };
  expect(manualStartCommand({ ...record, ...files, directory, containers: twice })).toBe(
    "docker compose --project-name shop --project-directory '/stacks/my shop' --file '/stacks/my shop/a.yaml' --env-file /etc/p.env up --detach db web",
  );
});

test("manualStartCommand() leaves out a directory that nobody knows", () => {
  const { directory: _, ...record } = stoppedStack(["db"], "down").record;
  expect(manualStartCommand(record)).toBe("docker compose --project-name shop up --detach db");
});
