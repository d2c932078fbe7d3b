/**
 * SQLite: an online backup by sqlite3 into a copy, and the copy is what is read. A copy of the file alone would lack what
 * is in the write-ahead log, and mix pages of before and after a commit.
 */
import { join } from "node:path";
import type { SqliteTarget } from "#lib/core/database-url.ts";
import { createDumpReader } from "#lib/core/dump-reader.ts";
import type { Proof } from "#lib/core/proof.ts";
import type { Finding } from "#lib/core/report.ts";
import { askFileType, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { OpenSource, Source, SourceAccess } from "#lib/sources/source.ts";
import { checkCopy, copyDatabase, copyName } from "#lib/sources/sqlite-copy.ts";

export interface SqliteSettings {
  readonly DB_MIN_KB: number;
}

export function createSqliteSource(target: SqliteTarget, settings: SqliteSettings): Source {
  const { path, componentName } = target;
  return {
    name: componentName,
    kind: "database",
    fileStem: `${componentName}.sqlite`,
    format: "sqlite",
    programs: [{ program: "sqlite3", package: "sqlite3" }],
    root: undefined,
    describe: async () => `SQLite database "${path}"`,
    checkExists: async (asker) => [await checkFile(asker, path)],
    checkContent: async () => [],
    open: (access) => openCopy(target, access),
    minBytes: Math.ceil(settings.DB_MIN_KB * 1024),
    minSetting: "DB_MIN_KB",
    whenDoubtful: "doubtful",
  };
}

async function checkFile(asker: FileSystemAsker, path: string): Promise<Finding> {
  const type = await askFileType(asker, path);
  if (type.ok && type.value.startsWith("regular")) {
    return { name: "database", passed: true, message: `database exists: ${path}` };
  }
  const reason = type.ok ? `it is a ${type.value}, a file is required` : type.reason;
  const message = `Cannot use the database "${path}": ${reason}`;
  return {
    name: "database",
    passed: false,
    message,
    hint: "Correct its path in DATABASES, or mount what holds it",
  };
}

async function openCopy({ path, componentName }: SqliteTarget, access: SourceAccess): Promise<OpenSource> {
  const directory = await access.stagingDirectory();
  const original = await copyDatabase(path, directory, access);
  const copy = await checkCopy(directory, access);
  const quoted = `'${path.replaceAll("'", "'\\''")}'`;
  // A log of the old file would be applied to the new one.
  const restore = `rm -f ${quoted}-wal ${quoted}-shm && cp ${componentName}.sqlite ${quoted}`;
  return {
    producer: ["cat", "--", join(directory, copyName)],
    createReader: () => createDumpReader("cat", [], /^$/),
    proof: copyProof(copy.bytes, copy.problem),
    problems: [],
    notes: [],
    facts: { path, ...original, ...copy.facts, restore },
  };
}

/** The copy has been read by SQLite itself: what arrives is whole if it is as long. */
function copyProof(bytesOfCopy: number, problem: string | undefined): Proof {
  return {
    isAlways: true,
    createJudge: () => {
      let bytes = 0;
      const judge = () => {
        if (bytes === bytesOfCopy) return problem === undefined ? { bytes } : { bytes, problem };
        return { bytes, problem: `${bytes} bytes arrived of ${bytesOfCopy}` };
      };
      return {
        judge,
        read: (chunk) => {
          bytes += chunk.length;
        },
      };
    },
  };
}
