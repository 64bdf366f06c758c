import type { ApiProblem } from "@fleetcast/protocol";
import { dataSecurityHeaders } from "./security.ts";

/** Statuses of a refusal in `/v1`; 500 only for our own mistakes. */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 429 | 500 | 503;

/** An expected refusal, thrown by a handler and turned into its answer at one place (`guard.ts`). */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: ProblemStatus;
  readonly code: string;
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: ProblemStatus,
    code: string,
    message: string,
    more: { readonly field?: string | undefined; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = more.field;
    this.headers = more.headers ?? {};
  }
}

const titles: Readonly<Record<ProblemStatus, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** A problem document (RFC 9457). `code` says more than a `type` could: there is no page behind one. */
export function problemResponse({ status, code, message, field, headers }: Problem): Response {
  const about = { type: "about:blank", title: titles[status], status, detail: message, code } as const;
  const body: ApiProblem = field === undefined ? about : { ...about, field };
  return jsonResponse(body, { status, headers: { "Content-Type": "application/problem+json; charset=utf-8", ...headers } });
}

/** Every answer of `/v1` is for one person at one moment: never kept. */
export function jsonResponse(
  body: unknown,
  init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  return new Response(JSON.stringify(body), {
    status: init.status ?? 200,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...dataSecurityHeaders(),
      ...init.headers,
    },
  });
}

export function emptyResponse(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 204, headers: { "Cache-Control": "no-store", ...dataSecurityHeaders(), ...headers } });
}
