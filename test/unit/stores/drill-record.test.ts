import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type DrillRecord, readDrills, recordDrill } from "#lib/stores/drill-record.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const drill: DrillRecord = {
  at: "2026-11-21T03:00:00.000Z",
  set: "20261121T030000Z",
  runId: "a",
  choice: "older",
  outcome: "complete",
  seconds: 3,
  components: [{ name: "application", outcome: "complete", message: "all", problems: [] }],
};

describe("recordDrill()", () => {
  test("adds to what a version without a choice has written, and keeps what it does not know", async () => {
    await using sandbox = await createSandbox();
    const { choice: _, ...old } = drill;
    const path = await sandbox.write(
      "app/drill.json",
      JSON.stringify({ schema: 1, drills: [{ ...old, later: 1 }] }),
    );
    await recordDrill(path, drill);
    expect((await readDrills(path)).drills).toEqual([{ ...old, later: 1 }, drill]);
  });

  test("keeps the last hundred", async () => {
    await using sandbox = await createSandbox();
    const drills = Array.from({ length: 100 }, (_, index) => ({ ...drill, runId: String(index) }));
    const path = await sandbox.write("app/drill.json", JSON.stringify({ schema: 1, drills }));
    await recordDrill(path, drill);
    const found = (await readDrills(path)).drills;
    expect([found.length, found[0]?.runId, found.at(-1)?.runId]).toEqual([100, "1", "a"]);
  });

  test.each(["", "{", '{"schema":2,"drills":[]}', '{"schema":1,"drills":[{}]}'])(
    "begins anew where the record is %p",
    async (text) => {
      await using sandbox = await createSandbox();
      const path = await sandbox.write("app/drill.json", text);
      expect((await readDrills(path)).drills).toEqual([]);
      await recordDrill(path, drill);
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ schema: 1, drills: [drill] });
    },
  );

  test("makes the directory, and reads nothing where nothing is", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("new/drill.json");
    expect((await readDrills(path)).drills).toEqual([]);
    await recordDrill(path, drill);
    expect((await readDrills(path)).drills).toEqual([drill]);
  });
});
