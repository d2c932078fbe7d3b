import { expect, test } from "bun:test";
import { manualStartCommand } from "#lib/core/manual-command.ts";
import type { RecordedContainer } from "#lib/core/stack-record.ts";
import { fakeContainer, stoppedStack } from "#test/support/fake-docker.ts";

test.each([
  ["stop", "docker start db web"],
  ["pause", "docker unpause db web"],
] as const)("manualStartCommand() after %s names what ran", (how, command) => {
  expect(manualStartCommand(stoppedStack(["db", "web"], how).record)).toBe(command);
});

test("manualStartCommand() goes by what has become of each container, and has compose make what is gone", () => {
  const { record } = stoppedStack(["app", "db", "job", "web"]);
  const states = { app: "running", db: "exited", job: undefined, web: "paused" } as const;
  const down = Object.entries(states).map(([name, state], index) => ({
    recorded: record.containers[index] as RecordedContainer,
    container: state && fakeContainer(name, { state }),
    isStale: false,
  }));
  const up = "docker compose --project-name shop --project-directory /stacks/shop up --detach";
  expect(manualStartCommand(record, down)).toBe(
    `docker unpause web; ${up} --no-recreate job; docker start db; docker restart app`,
  );
  const stale = down.map((one) => ({ ...one, isStale: true })).slice(0, 2);
  expect(manualStartCommand(record, stale)).toBe(`${up} --force-recreate app db`);
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
