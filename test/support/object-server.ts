/**
 * An object store on loopback that speaks as much of S3 as rclone asks of it: buckets of keys, no directories, no renames.
 * It can refuse requests, so that a run can be cut off between any two of them.
 */
import { createHash } from "node:crypto";

export interface ObjectServer extends AsyncDisposable {
  readonly url: string;
  /** Keys of the one bucket, which is called "bucket", with what they hold. */
  readonly objects: Map<string, Buffer>;
  readonly put: (key: string, content: Buffer) => void;
  /** Refuse every request for which this is true. */
  refuse: (method: string, key: string) => boolean;
}

const pageSize = 500;

export function startObjectServer(): ObjectServer {
  const objects = new Map<string, Buffer>();
  const times = new Map<string, Date>();
  const put = (key: string, content: Buffer) => {
    objects.set(key, content);
    times.set(key, new Date());
  };
  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const [, bucket = "", ...rest] = decodeURIComponent(url.pathname).split("/");
    const key = rest.join("/");
    if (state.refuse(request.method, key)) return xml(403, "<Error><Code>AccessDenied</Code></Error>");
    if (bucket !== "bucket") return xml(404, "<Error><Code>NoSuchBucket</Code></Error>");
    if (key === "")
      return request.method === "POST" ? removeMany(await request.text()) : list(url.searchParams);
    switch (request.method) {
      case "PUT": {
        const source = request.headers.get("x-amz-copy-source");
        const copied =
          source === null ? undefined : objects.get(decodeURIComponent(source).replace(/^\/?bucket\//, ""));
        if (source !== null && copied === undefined) return missing();
        put(key, copied ?? Buffer.from(await request.arrayBuffer()));
        const etag = etagOf(objects.get(key) ?? Buffer.alloc(0));
        return source === null
          ? new Response(null, { headers: { ETag: etag } })
          : xml(200, `<CopyObjectResult><ETag>${etag}</ETag></CopyObjectResult>`);
      }
      case "DELETE":
        objects.delete(key);
        return new Response(null, { status: 204 });
      default: {
        const content = objects.get(key);
        if (content === undefined) return missing();
        return new Response(content, {
          headers: {
            ETag: etagOf(content),
            "Last-Modified": (times.get(key) ?? new Date()).toUTCString(),
            "Content-Length": String(content.length),
          },
        });
      }
    }
  };
  const list = (query: URLSearchParams): Response => {
    const prefix = query.get("prefix") ?? "";
    const delimiter = query.get("delimiter") ?? "";
    const after = query.get("continuation-token") ?? query.get("marker") ?? "";
    const rows = new Map<string, string>();
    for (const key of [...objects.keys()].sort((a, b) => (a < b ? -1 : 1))) {
      if (!key.startsWith(prefix)) continue;
      const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      const row = cut === -1 ? key : key.slice(0, cut + 1);
      if (row <= after) continue;
      rows.set(
        row,
        cut === -1 ? contentsOf(key) : `<CommonPrefixes><Prefix>${escapeXml(row)}</Prefix></CommonPrefixes>`,
      );
    }
    const page = [...rows].slice(0, pageSize);
    const isCut = rows.size > page.length;
    const next = escapeXml(page.at(-1)?.[0] ?? "");
    const more = isCut
      ? `<NextContinuationToken>${next}</NextContinuationToken><NextMarker>${next}</NextMarker>`
      : "";
    return xml(
      200,
      `<ListBucketResult><Name>bucket</Name><IsTruncated>${isCut}</IsTruncated>${more}${page.map(([, row]) => row).join("")}</ListBucketResult>`,
    );
  };
  const contentsOf = (key: string) => {
    const content = objects.get(key) ?? Buffer.alloc(0);
    const time = (times.get(key) ?? new Date()).toISOString();
    return `<Contents><Key>${escapeXml(key)}</Key><Size>${content.length}</Size><LastModified>${time}</LastModified><ETag>${escapeXml(etagOf(content))}</ETag></Contents>`;
  };
  const removeMany = (body: string): Response => {
    for (const [, key] of body.matchAll(/<Key>([^<]*)<\/Key>/g)) objects.delete(key ?? "");
    return xml(200, "<DeleteResult></DeleteResult>");
  };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  const state: ObjectServer = {
    url: `http://127.0.0.1:${server.port}`,
    objects,
    put,
    refuse: () => false,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return state;
}

function xml(status: number, body: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${body}`, {
    status,
    headers: { "Content-Type": "application/xml" },
  });
}

function missing(): Response {
  return xml(404, "<Error><Code>NoSuchKey</Code></Error>");
}

function etagOf(content: Buffer): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
