/** A SQLite database that is to be replaced: written beside, looked at by SQLite, and given the names. */
import { dirname, join } from "node:path";
import { writePlain } from "#lib/archive/write-plain.ts";
import type { SqliteTarget } from "#lib/core/database-url.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { ask, askFileType, askRealPath, askSpace } from "#lib/preflight/ask-file-system.ts";
import { examineSqlite } from "#lib/restore/examine-sqlite.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import type { Replaceable } from "#lib/restore/replaceable-database.ts";
import { askerOf, syncTree } from "#lib/restore/target-directory.ts";
import { runStep } from "#lib/stores/path-steps.ts";
import { swapDatabaseFile } from "#lib/stores/swap-database-file.ts";

/** Says of each program that has the file open which it is; by the file itself, since a container has its own names. */
const whoHasIt =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell expands these
  'for f in /proc/[0-9]*/fd/*; do [ "$f" -ef "$1" ] || continue; p=${f#/proc/}; p=${p%%/*}; ' +
  'printf "%s (pid %s)\\n" "$(cat "/proc/$p/comm" 2>/dev/null)" "$p"; done | sort -u';

export async function openSqliteReplaceable(
  context: RestoreContext,
  { path }: SqliteTarget,
  component: Component,
): Promise<Replaceable> {
  const asker = askerOf(context);
  const access = { exec: context.deps.exec, timeoutMs: limitsOf(context).fsTimeoutMs };
  const refuse = (reason: string, hint: string) =>
    new OpsError(`Cannot replace the database "${path}": ${reason}`, { outcome: "failed", hint });
  const type = await askFileType(asker, path);
  if (!type.ok && type.reason.startsWith("no answer")) throw refuse(type.reason, "Look at its mount");
  if (type.ok && !type.value.startsWith("regular"))
    throw refuse(`it is a ${type.value}`, "Correct DATABASES");
  const isThere = type.ok;
  // What a link leads to is replaced, not the link.
  const real = await askRealPath(asker, isThere ? path : dirname(path));
  if (!real.ok) throw refuse(real.reason, "Create its directory, or mount what holds it");
  const name = isThere ? real.value : join(real.value, path.slice(path.lastIndexOf("/") + 1));
  return {
    name,
    look: async () => {
      const space = await askSpace(asker, dirname(name));
      if (!space.ok) throw refuse(space.reason, "Look at its mount");
      const writable = await ask(asker, ["test", "-w", dirname(name)]);
      if (!writable.ok) throw refuse(`"${dirname(name)}" cannot be written`, "Run it as root");
      const unseen = context.isRoot ? undefined : "programs of other users (run it as root)";
      return { isThere, unseen, obstacles: [], freeBytes: space.value.freeBytes, facts: {} };
    },
    findUsers: async () => {
      const found = await ask(asker, ["sh", "-c", whoHasIt, "sh", name]);
      if (!found.ok) throw refuse(`who has it open cannot be told: ${found.reason}`, "Look at hung mounts");
      return found.value.split("\n").filter((line) => line !== "");
    },
    fill: async (from, { incoming, wasThere }) => {
      const { childEnvironment: env, signal, progress } = context;
      const { file, compression, bytesIn: maxBytes, facts = {} } = component;
      const { stallMs } = limitsOf(context);
      const [archive, onBytes] = [join(from, file), progress.update];
      await writePlain({ archive, compression, path: incoming, maxBytes, env, stallMs, signal, onBytes });
      const { problems } = await examineSqlite(context, incoming, component);
      // Owner, mode, access lists and extended attributes.
      const likeOther = ["cp", "--attributes-only", "--preserve=mode,ownership,xattr", "--", name] as const;
      for (const step of wasThere ? [likeOther] : likeBefore(facts, context.isRoot)) {
        await runStep([...step, incoming], `give "${incoming}" its owner and mode`, access);
      }
      await syncTree(context, incoming);
      return problems;
    },
    prepare: async (entry) => entry,
    swap: (entry) => swapDatabaseFile(entry, access),
    describeKept: ({ target, aside, wasThere }) =>
      wasThere ? [`To go back, with its application stopped: ${describeWayBack(target, aside)}`] : [],
    close: async () => undefined,
  };
}

type Step = readonly [string, ...string[]];

/** As the manifest says, which may be anybody's. */
function likeBefore({ mode, uid, gid }: Readonly<Record<string, unknown>>, isRoot: boolean): readonly Step[] {
  const isId = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= 0;
  return [
    ...(isRoot && isId(uid) && isId(gid) ? [["chown", `${uid}:${gid}`, "--"] as const] : []),
    // Without bits that make a program of it.
    ...(typeof mode === "string" && /^[0-6]{3}$/.test(mode) ? [["chmod", mode, "--"] as const] : []),
  ];
}

function describeWayBack(target: string, aside: string): string {
  const [now, before] = [quoteForShell(target), quoteForShell(aside)];
  const companion = (suffix: string) =>
    `{ [ ! -e ${before}${suffix} ] || mv ${before}${suffix} ${now}${suffix}; }`;
  return `rm -f ${now}-wal ${now}-shm && mv ${before} ${now} && ${companion("-wal")}`;
}
