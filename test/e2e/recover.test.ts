import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";

describe.each(runtimes)("recover (%s)", (runtime) => {
  test("undoes what it understands of a newer version's journal, and keeps and tells of the rest", async () => {
    await using sandbox = await createSandbox();
    const job = await createJob(sandbox);
    const credentials = await sandbox.write("run/credentials/password", "secret");
    const commands = { kind: "exec-post", project: "shop" };
    const journal = {
      schema: 1,
      runId: "11111111-2222-4333-8444-555555555555",
      script: "backup-run",
      job: "app",
      host: "web1",
      pid: 1,
      startedAt: "2026-11-21T03:00:00.000Z",
      undo: [
        { kind: "act-of-tomorrow", path: "/srv" },
        commands,
        { kind: "private", path: sandbox.path("run/credentials") },
      ],
    };
    const text = JSON.stringify(journal);
    await sandbox.write("state/app/journal.json", text);
    await sandbox.fake("docker", "#!/bin/sh\necho 'permission denied while trying to connect' >&2; exit 1\n");
    const recover = () => sandbox.run(runtime, "scripts/recover.ts", ["--config", job.config]);
    const first = await recover();
    expect(first).toMatchObject({ exitCode: 1 });
    expect(first.stderr).toContain(`it is kept as "${job.journal}.damaged"`);
    expect(existsSync(credentials)).toBe(false);
    expect(readFileSync(`${job.journal}.damaged`, "utf8")).toBe(text);
    const left = JSON.parse(readFileSync(job.journal, "utf8"));
    expect(left.undo).toEqual([{ ...commands, services: [] }]);
    await sandbox.fake("docker", "#!/bin/sh\n");
    expect(await recover()).toMatchObject({ exitCode: 0 });
    expect(existsSync(job.journal)).toBe(false);
  });
});
