import type { Body } from "./body.ts";

/** An answer without a body. */
export function empty(status: number, headers?: Headers): Response {
  return new Response(null, headers === undefined ? { status } : { status, headers });
}

/** Nginx's number for a client that went away; nobody is there to read it. */
const clientGone = 499;

/** The answer to a body that could not be read; the connection it came on is of no more use. */
export function refusedBody(body: Exclude<Body, { readonly kind: "whole" }>, headers: Headers): Response {
  headers.set("Connection", "close");
  return empty(body.kind === "too_large" ? 413 : clientGone, headers);
}
