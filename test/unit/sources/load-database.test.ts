import { expect, test } from "bun:test";
import { findLostRows } from "#lib/sources/load-database.ts";

const factsOf = (tables: readonly { name: string; rows: number }[]) => ({
  rows: { total: 0, tableCount: tables.length, tables },
});
const never = () => Promise.reject(new Error("It was asked"));

test("findLostRows() asks nothing where no rows were recorded", async () => {
  const question = { from: () => "x", ask: never, stallMs: 1 };
  expect(await findLostRows({ tables: 3 }, () => true, question)).toEqual([]);
});

test("findLostRows() asks for no empty table, which may read from another host, and for no name that is not readable", async () => {
  const facts = factsOf([
    { name: "federated", rows: 0 },
    { name: "gr\uFFFD\uFFFDe", rows: 5 },
    { name: "gone", rows: 4 },
  ]);
  const question = { from: () => "x", ask: never, stallMs: 1 };
  expect(await findLostRows(facts, ({ name }) => name === "federated", question)).toEqual([
    'the table "gone" is missing, it was dumped with 4 rows',
  ]);
});

test("findLostRows() asks in groups, with more time for more rows", async () => {
  const tables = Array.from({ length: 230 }, (_, index) => ({
    name: `t${index}`,
    rows: index === 229 ? 4e6 : 1,
  }));
  const asked: (readonly [number, number])[] = [];
  const ask = async (sql: string, timeoutMs: number) => {
    const questions = sql.split(" UNION ALL ");
    asked.push([questions.length, timeoutMs]);
    // A server may answer in any order.
    const lines = questions.map((one) => {
      const [, index, name] = /^SELECT (\d+), COUNT\(\*\) FROM (t\d+)$/.exec(one) ?? [];
      return `${index}\t${name === "t120" ? 0 : 4e6}`;
    });
    return lines.toReversed().join("\n");
  };
  const found = await findLostRows(factsOf(tables), () => true, {
    from: ({ name }) => name,
    ask,
    stallMs: 1000,
  });
  expect(found).toEqual(['the table "t120" has 0 rows, 1 was dumped']);
  expect(asked.map(([count]) => count)).toEqual([100, 100, 30]);
  expect(asked[2]?.[1]).toBeGreaterThan(100_000);
});
