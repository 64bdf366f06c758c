import { type Clock, TokenBucket } from "@fleetcast/engine";
import type { ApiConfig } from "../../config/config.ts";
import type { Logger } from "../../log.ts";
import type { ApiMeter } from "../../metrics/call-meter.ts";
import type { PushEngine, PushError } from "../../push/push-engine.ts";
import { Fields, MalformedJson } from "../../push/raw-json/fields.ts";
import type { CallTraces } from "../../tracing/call-traces.ts";
import type { Operation } from "../openapi/operation.ts";
import type { Peer, Route } from "../route.ts";
import { createKeyCheck } from "./api-key.ts";
import { batchOperation, commandsOperation, methodOperation } from "./api-operations.ts";
import { runBatch } from "./batch.ts";
import { readBody } from "./body.ts";
import { runCommands } from "./legacy.ts";
import type { Method } from "./method.ts";
import { errorJson, methods } from "./methods.ts";
import { envelope, isQueued, metered, type RunCall, reply } from "./replies.ts";
import { UnencodableResult } from "./results.ts";

export interface ApiPorts {
  readonly push: PushEngine;
  readonly api: ApiConfig;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Logger;
  readonly meter?: ApiMeter | undefined;
  readonly traces?: CallTraces | undefined;
}

/** What a handler answers before it becomes a `Response`. */
interface Answer {
  readonly status?: number;
  readonly body: string | Uint8Array;
  readonly queued: boolean;
}
type Handler = (body: Uint8Array, request: Request) => Promise<Answer>;

/**
 * The server API: `POST <prefix>` with commands and `POST <prefix>/<method>` with one request each. In this order: unknown
 * path 404, not POST 405, key 401, body too large 413, not readable 400; a command's own error is a reply (200).
 */
export function createApiRoutes(ports: ApiPorts): Route[] {
  const { api, push, clock, log, meter, traces } = ports;
  if (api.disabled) return [];
  const prefix = api.handlerPrefix === "/" ? "" : api.handlerPrefix;
  const plain = metered((_, call) => reply(call, push, log), meter);
  const runFor = (request: Request): RunCall => {
    if (traces === undefined) return plain;
    const parent = request.headers.get("traceparent");
    return metered((method, call) => traces.command(parent, method, push, (followed) => reply(call, followed, log)), meter);
  };
  const hasKey = createKeyCheck(api);
  const isOver = overLimit(api, clock);
  const route = (operation: Operation, handler: Handler): Route => ({
    method: "*",
    path: operation.path,
    listener: api.external ? "external" : "internal",
    bodyBytesMax: api.bodyBytesMax,
    operations: [operation],
    handle: (request) => answer(request, hasKey, isOver, api.bodyBytesMax, handler),
  });
  const routes = [
    route(commandsOperation(api.handlerPrefix), (body, request) => runCommands(body, runFor(request))),
    route(batchOperation(`${prefix}/batch`), (body, request) => runBatch(body, runFor(request))),
    ...Array.from(methods, ([name, method]) => route(methodOperation(prefix, name), methodHandler(name, method, api, runFor))),
  ];
  // A prefix of "/" leaves the other paths to their owners.
  if (prefix !== "") routes.push({ ...routes[0]!, path: `${prefix}/*`, operations: [], handle: notFound });
  return routes;
}

/** One bucket for the one key; without a limit nothing is counted. */
function overLimit({ rateLimit }: ApiConfig, clock: ApiPorts["clock"]): (() => boolean) | undefined {
  if (rateLimit === undefined) return undefined;
  const bucket = new TokenBucket(rateLimit, clock.monotonicMs());
  return () => !bucket.take(rateLimit, clock.monotonicMs());
}

async function answer(
  request: Request,
  hasKey: (request: Request) => boolean,
  isOver: (() => boolean) | undefined,
  bodyBytesMax: number,
  handler: Handler,
): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405 });
  if (!hasKey(request)) return new Response(null, { status: 401 });
  if (isOver?.() === true) return plainText(429, "Too Many Requests", { "retry-after": "1" });
  const body = await readBody(request, bodyBytesMax);
  if (body === "too large") return plainText(413, "Request Entity Too Large");
  try {
    const result = await handler(body, request);
    return jsonResponse(result);
  } catch (cause) {
    if (cause instanceof MalformedJson) return plainText(400, "Bad Request");
    if (cause instanceof UnencodableResult) return plainText(500, "Internal Server Error");
    throw cause;
  }
}

function methodHandler(name: string, method: Method, api: ApiConfig, runFor: (request: Request) => RunCall): Handler {
  return async (body, request) => {
    const answer = await runFor(request)(name, method(Fields.ofDocument(body)));
    if (!answer.ok && (api.errorMode === "transport" || request.headers.get("x-centrifugo-error-mode") === "transport")) {
      return { status: statusOf(answer.error), body: errorJson(answer.error), queued: false };
    }
    return { body: envelope("{", answer), queued: isQueued(answer) };
  };
}

/** Transport error mode (centrifugo-v6 section 6.4). */
function statusOf(error: PushError): number {
  switch (error.code) {
    case 102:
    case 104:
      return 404;
    case 107:
    case 108:
      return 400;
    case 112:
      return 416;
    case 113:
      return 409;
    default:
      return 500;
  }
}

const jsonHeaders = { "content-type": "application/json" };
const queuedHeaders = { ...jsonHeaders, "x-fleetcast-queued": "1" };

function jsonResponse(answer: Answer): Response {
  return new Response(answer.body as string | Uint8Array<ArrayBuffer>, {
    status: answer.status ?? 200,
    headers: answer.queued ? queuedHeaders : jsonHeaders,
  });
}

function plainText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}

function notFound(_request: Request, _peer: Peer): Response {
  return plainText(404, "404 page not found");
}
