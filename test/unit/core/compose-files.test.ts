import { describe, expect, test } from "bun:test";
import { deriveProjectName, parseReferences } from "#lib/core/compose-files.ts";

test.each([
  ["My Shop", "myshop"],
  ["_2 Büro.v1", "2brov1"],
  ["--x_-", "x_-"],
  ["日本", ""],
])("deriveProjectName() makes of %p what compose makes of it", (directory, name) => {
  expect(deriveProjectName(directory)).toBe(name);
});

describe("parseReferences()", () => {
  const parse = (text: string) => parseReferences(text, "/opt/shop/compose.yaml");

  test("finds env files in every spelling, relative to the file", () => {
    const text = `
x-base: &base {env_file: [base.env]}
services:
  a: {env_file: a.env}
  b: {env_file: [b.env, {path: ../c.env, required: false}]}
  c: {<<: *base, label_file: [labels]}
  d:
`;
    expect(parse(text)).toEqual({
      composeFiles: [],
      files: ["/opt/shop/a.env", "/opt/shop/b.env", "/opt/c.env", "/opt/shop/base.env", "/opt/shop/labels"],
      unresolved: [],
    });
  });

  test("finds other compose files, and tells what only compose can resolve", () => {
    const text = `
include: [one.yaml, {path: [two.yaml, two.override.yaml], env_file: two.env}, "oci://registry/x"]
services:
  a: {extends: {file: base.yaml, service: x}, env_file: "\${WHERE}/a.env"}
  b: {extends: a}
  c: {extends: {service: a}}
`;
    expect(parse(text)).toEqual({
      composeFiles: ["one.yaml", "two.yaml", "two.override.yaml", "base.yaml"].map(
        (name) => `/opt/shop/${name}`,
      ),
      files: ["/opt/shop/two.env"],
      unresolved: ["oci://registry/x", `${"$"}{WHERE}/a.env`],
    });
  });

  test("leaves what is odd to compose, service by service", () => {
    const text = "services: {a: {env_file: {}, extends: 7}, b: [], c: {env_file: c.env}, d: !reset null}";
    expect(parse(text)).toEqual({ composeFiles: [], files: ["/opt/shop/c.env"], unresolved: [] });
    for (const other of ["", "7", "- a", "services: 7\ninclude: x"]) {
      expect(parse(other)).toEqual({ composeFiles: [], files: [], unresolved: [] });
    }
  });

  test("throws for what is no YAML, and for one that explodes", () => {
    expect(() => parse("services: [")).toThrow();
    const bomb = ["a0: &a0 [x, x]"];
    for (let level = 1; level < 40; level += 1)
      bomb.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
    expect(() => parse(bomb.join("\n"))).toThrow("alias");
  });
});
