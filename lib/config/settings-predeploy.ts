import { optional, withDefault } from "#lib/config/entry.ts";
import { choice, integer, parser, path, splitLines } from "#lib/config/parsers.ts";

const hosts = parser<readonly string[]>((value) => {
  const items = splitLines(value, /[\n,]/);
  const bad = items.find((item) => !/^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9._-]*$/.test(item));
  return bad === undefined
    ? { value: [...new Set(items)] }
    : { expected: `"${bad}" to be HOST or USER@HOST, as ssh knows it` };
});

export const predeploySettings = {
  PREDEPLOY_STAGES: optional(path, {
    doc: "Stage file of `predeploy-backup`; unset: `examples/predeploy/stages.yaml`",
  }),
  THRESHOLD_PERCENT: withDefault(integer(0, 100), "50", {
    doc: "More than so many percent of failed backups forbid a deployment",
  }),
  PREDEPLOY_MANAGER: withDefault(choice("system", "user"), "system", {
    doc: "system, or user: the units of the user who runs it",
  }),
  PREDEPLOY_HOSTS: withDefault(hosts, "", {
    doc: "Other hosts, by ssh, instead of this one: HOST or USER@HOST, separated by commas or one a line",
  }),
  PREDEPLOY_HOST_LIMIT: withDefault(integer(1, 1000), "4", {
    doc: "How many hosts are worked on at the same time",
  }),
};
