/** Databases to back up, as URLs: `mysql://user:password@host/shop`, `postgres:///shop`, `sqlite:///srv/app.db`. Pure. */
import { createSecret, type Secret } from "#lib/core/secret.ts";

/** A container that holds the server, by its name or by what compose calls it. */
export type DatabaseContainer =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "compose"; readonly project: string; readonly service: string };

interface ServerTarget {
  /** Undefined: whoever runs the backup. */
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** Undefined: by a socket. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** mysql: the socket's file; postgres: the directory that it lies in. */
  readonly socket: string | undefined;
  /** Undefined: all databases of the server. */
  readonly database: string | undefined;
  readonly container: DatabaseContainer | undefined;
  /** `database-shop`; unique in a job. */
  readonly componentName: string;
}

export interface MysqlTarget extends ServerTarget {
  readonly kind: "mysql";
}

export interface PostgresTarget extends ServerTarget {
  readonly kind: "postgres";
}

export interface SqliteTarget {
  readonly kind: "sqlite";
  readonly path: string;
  readonly componentName: string;
}

export type DatabaseTarget = MysqlTarget | PostgresTarget | SqliteTarget;

export type ParsedDatabaseUrl =
  | { readonly ok: true; readonly target: DatabaseTarget }
  /** What is expected instead; never holds the URL, since that may hold a password. */
  | { readonly ok: false; readonly expected: string };

const schemes = {
  mysql: "mysql",
  mariadb: "mysql",
  postgres: "postgres",
  postgresql: "postgres",
  sqlite: "sqlite",
} as const;
type Scheme = keyof typeof schemes;

/** Of the parts that are decoded, the one that may hold nearly anything. */
const passwordPart = 1;

const parameters = ["socket", "container", "compose", "name"];
const shape =
  /^([a-z]+):\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[0-9a-f:.]+\]|[^:@/?[\]]*)(?::(\d{1,5}))?(\/[^?]*)?(?:\?(.*))?$/i;

export function parseDatabaseUrl(text: string): ParsedDatabaseUrl {
  const [, name, user, password, host, port, path, query] = shape.exec(text) ?? [];
  const scheme = (name ?? "").toLowerCase();
  if (/\p{Cc}/u.test(text)) return refuse("a URL of one line");
  if (!isScheme(scheme)) return refuse("a URL that begins with mysql://, postgres:// or sqlite:///");
  const decoded = decodeAll([user, password, host, path, query]);
  if (decoded === undefined) return refuse("percent codes of UTF-8");
  const isControl = (part: string | undefined, index: number) =>
    (index === passwordPart ? /\0/ : /\p{Cc}/u).test(part ?? "");
  if (decoded.some(isControl)) return refuse("names without control characters");
  // A plus is a plus: this is no form.
  const given = new URLSearchParams((query ?? "").replaceAll("+", "%2B"));
  const unknown = [...given.keys()].find((key) => !parameters.includes(key));
  if (unknown !== undefined) return refuse(`no parameter "${unknown}", only ${parameters.join(", ")}`);
  const unclear = [...given].find(([key, value]) => value === "" || given.getAll(key).length > 1);
  if (unclear !== undefined) return refuse(`one value for the parameter "${unclear[0]}"`);
  const parts: UrlParts = {
    user: decoded[0] || undefined,
    password: decoded[1] || undefined,
    host: decoded[2]?.replace(/^\[|\]$/g, "") || undefined,
    port: port === undefined ? undefined : Number(port),
    path: decoded[3] ?? "",
    socket: given.get("socket") ?? undefined,
    container: given.get("container") ?? undefined,
    compose: given.get("compose") ?? undefined,
    name: given.get("name") ?? undefined,
  };
  const kind = schemes[scheme];
  return kind === "sqlite" ? parseFile(parts) : parseServer(kind, parts);
}

interface UrlParts {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: string;
  readonly socket: string | undefined;
  readonly container: string | undefined;
  readonly compose: string | undefined;
  readonly name: string | undefined;
}

function parseFile(parts: UrlParts): ParsedDatabaseUrl {
  const { path, name, host, port, user, password, socket, container, compose } = parts;
  if ((host ?? port ?? user ?? password) !== undefined || !/^\/[^/]/.test(path) || path.endsWith("/")) {
    return refuse("an absolute path: sqlite:///srv/app.db");
  }
  if (socket ?? container ?? compose) return refuse("no server: SQLite has none");
  const stem = (path.split("/").at(-1) ?? "").replace(/\.(?:sqlite3?|db3?)$/i, "");
  return { ok: true, target: { kind: "sqlite", path, componentName: componentName(name ?? stem) } };
}

function parseServer(kind: "mysql" | "postgres", parts: UrlParts): ParsedDatabaseUrl {
  const { user, password, host, port, path, socket, container, compose, name } = parts;
  const database = path.replace(/^\//, "") || undefined;
  if (database?.includes("/") === true) return refuse("one database: the path has a second slash");
  if (database?.startsWith("-") === true) return refuse("the name of a database, not an option");
  if (user?.startsWith("-") === true || host?.startsWith("-") === true)
    return refuse("a user and a host, not an option");
  if (kind === "mysql" && host?.startsWith("/") === true) return refuse("a socket as ?socket=/PATH");
  if (password !== undefined && user === undefined) return refuse("a user before the password");
  if (port !== undefined && ((host ?? socket) === undefined || port < 1 || port > 65_535))
    return refuse("a port of a host");
  if (socket !== undefined && (host !== undefined || !socket.startsWith("/"))) {
    return refuse("a host, or the absolute path of a socket, not both");
  }
  const place = parseContainer(container, compose);
  if (place === "wrong") return refuse("container=NAME, or compose=PROJECT/SERVICE");
  if (place !== undefined && (host ?? socket)) return refuse("a container, or a host or socket, not both");
  const target = {
    user,
    password: password === undefined ? undefined : createSecret(password),
    host,
    port,
    socket,
    database,
    container: place,
    componentName: componentName(name ?? database ?? "all"),
  };
  return { ok: true, target: { kind, ...target } };
}

function parseContainer(
  container: string | undefined,
  compose: string | undefined,
): DatabaseContainer | "wrong" | undefined {
  const isName = (text: string | undefined) =>
    text !== undefined && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(text);
  if (container !== undefined && compose !== undefined) return "wrong";
  if (container !== undefined) return isName(container) ? { kind: "name", name: container } : "wrong";
  if (compose === undefined) return undefined;
  const [project = "", service = "", more] = compose.split("/");
  if (more !== undefined || !isName(project) || !isName(service)) return "wrong";
  return { kind: "compose", project, service };
}

/** A name of files and of a manifest: what could mean anything to a shell or a file system becomes a dash. */
function componentName(name: string): string {
  return `database-${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/^[-.]+|[-.]+$/g, "") || "unnamed"}`;
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(schemes, text);
}

function decodeAll(texts: readonly (string | undefined)[]): (string | undefined)[] | undefined {
  try {
    return texts.map((text) => (text === undefined ? undefined : decodeURIComponent(text)));
  } catch {
    return undefined;
  }
}

function refuse(expected: string): ParsedDatabaseUrl {
  return { ok: false, expected };
}
