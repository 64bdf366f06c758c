import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { pageSecurityHeaders } from "../http/security.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".map": "application/json; charset=utf-8",
};
const compressible = /^(text|application)\/|svg/;
/** The whole build is held in memory; a folder larger than this is not a dashboard. */
const folderBytesMax = 64 * 1024 * 1024;
const compressedFromBytes = 1_024;

interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
  readonly immutable: boolean;
  gzip: Uint8Array<ArrayBuffer> | undefined;
}

/** Answers undefined when the dashboard was never built. */
export type StaticFiles = (request: Request, path: string) => Response;

/**
 * The built dashboard. Vite puts a hash of the content into the names under `assets/`, so those may be kept for ever; the
 * page itself is asked for each time. A path that is no file is the page: the browser's router knows it.
 */
export function openStaticFiles(dir: string): StaticFiles | undefined {
  const files = readFolder(dir);
  const page = files.get("/index.html");
  if (page === undefined) return undefined;
  return (request, path) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Method Not Allowed", { status: 405, headers: { allow: "GET, HEAD", ...pageSecurityHeaders() } });
    }
    const file = files.get(path) ?? (path.startsWith("/assets/") ? undefined : page);
    if (file === undefined) return new Response("Not Found", { status: 404, headers: pageSecurityHeaders() });
    return answer(request, file);
  };
}

function answer(request: Request, file: StaticFile): Response {
  const headers: Record<string, string> = {
    ...pageSecurityHeaders(),
    "content-type": file.type,
    "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
    etag: file.etag,
    vary: "accept-encoding",
  };
  const known = request.headers.get("if-none-match");
  if (known?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === file.etag) === true) {
    return new Response(null, { status: 304, headers });
  }
  const takesGzip = /(^|[\s,])gzip(\s*;\s*q=(0\.\d*[1-9]|1(\.0*)?))?\s*(,|$)/i.test(request.headers.get("accept-encoding") ?? "");
  if (takesGzip && compressible.test(file.type) && file.bytes.length >= compressedFromBytes) {
    file.gzip ??= new Uint8Array(gzipSync(file.bytes));
    return new Response(file.gzip, { headers: { ...headers, "content-encoding": "gzip" } });
  }
  return new Response(file.bytes, { headers });
}

function readFolder(dir: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  let total = 0;
  const walk = (folder: string, path: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = join(folder, entry.name);
      if (entry.isDirectory()) walk(file, `${path}${entry.name}/`);
      else if (entry.isFile()) {
        total += statSync(file).size;
        if (total > folderBytesMax) throw new Error(`${dir} holds more than ${folderBytesMax} bytes`);
        files.set(`${path}${entry.name}`, readOne(file, `${path}${entry.name}`));
      }
    }
  };
  try {
    walk(dir, "/");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw cause;
  }
  return files;
}

function readOne(file: string, path: string): StaticFile {
  const bytes = new Uint8Array(readFileSync(file));
  return {
    bytes,
    type: types[extname(file).toLowerCase()] ?? "application/octet-stream",
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    immutable: path.startsWith("/assets/"),
    gzip: undefined,
  };
}
