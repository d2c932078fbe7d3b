/** What belongs to a database of PostgreSQL and is in no dump of its content: carried over to what takes its place. Pure. */
import { z } from "zod";

export const postgresProperties = z.object({
  owner: z.string(),
  connectionLimit: z.number(),
  tablespace: z.string(),
  comment: z.string().nullable(),
  /** Null: as PostgreSQL gives them to every database. No grantee is everybody. */
  grants: z
    .array(z.object({ grantee: z.string().nullable(), privilege: z.string(), isGrantable: z.boolean() }))
    .nullable(),
  /** `name=value`, of everybody or of a role. */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
});

export type PostgresProperties = z.infer<typeof postgresProperties>;

/** Settings that are lists of names, which are stored as they are quoted. */
const listSettings: readonly string[] = [
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
];

/** Gives `old`'s properties, the question that `postgresProperties` understands the answer of. */
export function askProperties(old: string): string {
  return `
  SELECT json_build_object(
    'owner', pg_get_userbyid(datdba),
    'connectionLimit', datconnlimit,
    'tablespace', (SELECT spcname FROM pg_tablespace WHERE pg_tablespace.oid = dattablespace),
    'comment', shobj_description(pg_database.oid, 'pg_database'),
    'grants', CASE WHEN datacl IS NOT NULL THEN (SELECT coalesce(json_agg(json_build_object(
      'grantee', CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END,
      'privilege', privilege_type, 'isGrantable', is_grantable)), '[]') FROM aclexplode(datacl)) END,
    'settings', (SELECT coalesce(json_agg(json_build_object(
      'role', CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END, 'setting', setting)), '[]')
      FROM pg_db_role_setting, unnest(setconfig) AS setting WHERE setdatabase = pg_database.oid))
  FROM pg_database WHERE datname = ${quoteText(old)}`;
}

/** Statements that give a new database, which has nothing of its own yet, these properties. */
export function carryOver(name: string, properties: PostgresProperties): readonly string[] {
  const { owner, connectionLimit, comment, grants, settings } = properties;
  const database = `DATABASE ${quoteName(name)}`;
  return [
    `ALTER ${database} OWNER TO ${quoteName(owner)}`,
    ...(connectionLimit === -1 ? [] : [`ALTER ${database} CONNECTION LIMIT ${connectionLimit}`]),
    ...(comment === null ? [] : [`COMMENT ON ${database} IS ${quoteText(comment)}`]),
    ...(grants === null ? [] : [`REVOKE ALL ON ${database} FROM PUBLIC, ${quoteName(owner)}`]),
    ...(grants ?? []).map(
      ({ grantee, privilege, isGrantable }) =>
        `GRANT ${privilege} ON ${database} TO ${grantee === null ? "PUBLIC" : quoteName(grantee)}` +
        (isGrantable ? " WITH GRANT OPTION" : ""),
    ),
    ...settings.map(({ role, setting }) => {
      const whose = role === null ? `ALTER ${database}` : `ALTER ROLE ${quoteName(role)} IN ${database}`;
      return `${whose} SET ${formatSetting(setting)}`;
    }),
  ];
}

const providers: Readonly<Record<string, string>> = { b: "builtin", c: "libc", i: "icu" };

/**
 * How a new database sorts and compares, as the dumped one did: options of CREATE DATABASE. `usual` is the provider that it has
 * unless one is named, which older servers do not take. Facts come from a manifest that may be anybody's.
 */
export function describeLocale(facts: Readonly<Record<string, unknown>>, usual: string): string[] {
  const { encoding, collation, characterType = collation, localeProvider, locale, icuRules } = facts;
  const provider = typeof localeProvider === "string" ? localeProvider : usual;
  const option = (name: string, value: unknown) =>
    typeof value === "string" ? [`${name} ${quoteText(value)}`] : [];
  return [
    ...option("ENCODING", encoding),
    ...option("LC_COLLATE", collation),
    ...option("LC_CTYPE", characterType),
    ...(provider === usual || (provider === "c" && usual === "")
      ? []
      : option("LOCALE_PROVIDER", providers[provider])),
    ...(provider === "i" ? [...option("ICU_LOCALE", locale), ...option("ICU_RULES", icuRules)] : []),
    ...(provider === "b" ? option("BUILTIN_LOCALE", locale) : []),
  ];
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Also where a server takes backslashes for escapes. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return quoted.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

function formatSetting(setting: string): string {
  const at = setting.indexOf("=");
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  // Those of extensions have a dot between two names.
  const quoted = name.split(".").map(quoteName).join(".");
  if (!listSettings.includes(name.toLowerCase())) return `${quoted} TO ${quoteText(value)}`;
  const items = [...value.matchAll(/"((?:[^"]|"")*)"|[^,\s]+/g)].map(([all, inner]) =>
    quoteText(inner === undefined ? all : inner.replaceAll('""', '"')),
  );
  return `${quoted} TO ${items.length === 0 ? "''" : items.join(", ")}`;
}
