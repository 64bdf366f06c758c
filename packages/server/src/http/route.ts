import type { Operation } from "./openapi/operation.ts";

/**
 * One HTTP route, free of the runtime: `runtime/` turns these into listeners. Paths match exactly, or by prefix when they
 * end in `/*`; reserved prefixes never fall through to the dashboard's page.
 */
export interface Route {
  /** `*` for every method (the handler then answers 405 itself, in the order its protocol wants). */
  readonly method: "GET" | "POST" | "PATCH" | "DELETE" | "*";
  readonly path: string;
  /** `internal` moves to `http_server.internal_port` when that is set. */
  readonly listener: "external" | "internal";
  readonly bodyBytesMax: number;
  /** What the OpenAPI document says about it; several where a `/*` path leads to several things. Absent on pages and doors of other protocols. */
  readonly operations?: readonly Operation[];
  readonly handle: (request: Request, peer: Peer) => Response | Promise<Response>;
}

export interface Peer {
  readonly remoteAddress: string;
  /** The part of the path behind a `/*`, without the slash; "" otherwise. */
  readonly rest: string;
  readonly secure: boolean;
}
