import { describe, expect, test } from "bun:test";
import { isTrialProject, trialProject } from "#lib/core/trial-name.ts";
import { undoEntrySchema } from "#lib/core/undo.ts";

describe("trialProject()", () => {
  test.each(["shop", "Größe & Söhne", "a.b", "-x", "s".repeat(200)])(
    "is a name for compose of %j",
    (stack) => {
      const project = trialProject("0123abcd-9999", stack);
      expect(project).toMatch(/^lastgood-drill-0123abcd-[a-z0-9_-]+$/);
      expect(project.length).toBeLessThanOrEqual(60);
      expect(isTrialProject(project)).toBe(true);
    },
  );
});

describe("isTrialProject()", () => {
  test.each(["shop", "lastgood-drill-", "lastgood-drill-a b", "x-lastgood-drill-a", ""])(
    "is false of %j",
    (name) => {
      expect(isTrialProject(name)).toBe(false);
      // So that no journal can name a stack of an admin as one to be removed.
      expect(undoEntrySchema.safeParse({ kind: "trial", project: name }).success).toBe(false);
    },
  );
});
