import { gunzipSync } from "node:zlib";
import type { Clock } from "@fleetcast/engine";
import type { OutgoingTls } from "../config/config.ts";
import { createDestinations, type DestinationRule, type Destinations } from "./destinations.ts";

/**
 * Every HTTP request that leaves the server: to a Centrifugo, to the operator's proxies, for key sets. Nothing that answers may
 * hang, flood or send us elsewhere (D25, D51, S5): redirects are not followed, no proxy of the environment is used, time and answer
 * size are limited, also after decompression, and the answer is read to its end before it is believed.
 */
export interface OutgoingRequest {
  /** POST unless said. */
  readonly method?: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Bytes of the answer after decompression. */
  readonly answerBytesMax: number;
  /** Who chose the host; `configured` unless said. */
  readonly destination?: DestinationRule;
  readonly tls?: OutgoingTls | undefined;
}

export interface OutgoingAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** The answer did not come, or not whole: refused, reset, timed out, cut off, too big. The message says which. */
export class OutgoingFailure extends Error {
  override readonly name = "OutgoingFailure";
  /** Somebody is there, although what it says cannot be used. */
  readonly answered: boolean;
  constructor(message: string, { answered = false, ...options }: ErrorOptions & { readonly answered?: boolean } = {}) {
    super(message, options);
    this.answered = answered;
  }
}

/** Any status is an answer. @throws OutgoingFailure */
export type OutgoingFetch = (request: OutgoingRequest) => Promise<OutgoingAnswer>;

export interface OutgoingPorts {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly fetch?: typeof fetch;
  readonly destinations?: Destinations;
}

export function createOutgoingFetch(ports: OutgoingPorts): OutgoingFetch {
  const { fetch: fetchNow = fetch, destinations = createDestinations(ports) } = ports;
  return async (request) => {
    try {
      const signal = AbortSignal.timeout(request.timeoutMs);
      const response = await send(request, signal, fetchNow, destinations);
      return {
        status: response.status,
        body: unpacked(response, await readLimited(response, request.answerBytesMax), request.answerBytesMax),
      };
    } catch (cause) {
      throw cause instanceof OutgoingFailure ? cause : new OutgoingFailure(`no whole answer: ${withoutAddresses(cause)}`);
    }
  };
}

/** What the runtime says of a failure. It may name the address with its query, where keys stand that no log may show (A5). */
function withoutAddresses(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replaceAll(/\bhttps?:\/\/[^\s"'<>]+/gi, "(address)");
}

async function send(request: OutgoingRequest, signal: AbortSignal, fetchNow: typeof fetch, destinations: Destinations): Promise<Response> {
  const target = targetOf(request.url);
  const headers: Record<string, string> = { "accept-encoding": "gzip", "user-agent": "Fleetcast", ...request.headers };
  if (target.credentials !== undefined) headers["authorization"] ??= target.credentials;
  const found = destinations.find(target.hostname, request.destination ?? "configured");
  const destination = found instanceof Promise ? await inTime(found, signal) : found;
  const tls = target.isSecure ? tlsOptions(request.tls, destination.kind === "addresses" ? target.hostname : "") : undefined;
  const init = {
    method: request.method ?? "POST",
    headers,
    body: request.body as Uint8Array<ArrayBuffer> | string | undefined,
    redirect: "manual" as const,
    signal,
    // Unpacked below, where the size is known before the bytes are there.
    decompress: false,
    // Not null: only this keeps HTTP_PROXY of the environment out.
    proxy: false as unknown as string,
    ...(tls === undefined ? {} : { tls }),
  };
  if (destination.kind === "as written") return fetchNow(target.href, init);
  const { addresses } = destination;
  headers["host"] = target.host;
  for (const [index, address] of addresses.entries()) {
    const there = new URL(target.href);
    there.hostname = address.includes(":") ? `[${address}]` : address;
    try {
      return await fetchNow(there.href, init);
    } catch (cause) {
      // Nobody took the connection, so nothing was said: the next address may.
      if (index === addresses.length - 1 || !wasNotTaken(cause)) throw cause;
    }
  }
  throw new OutgoingFailure("no address to ask");
}

const notTaken = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ConnectionRefused", "FailedToOpenSocket"]);

function wasNotTaken(cause: unknown): boolean {
  return notTaken.has((cause as { code?: string }).code ?? "");
}

/** An address taken apart once: the same few are asked again and again. */
interface Target {
  /** Without a user name. */
  readonly href: string;
  readonly host: string;
  readonly hostname: string;
  readonly isSecure: boolean;
  readonly credentials: string | undefined;
}

const targets = new Map<string, Target>();
/** Addresses come from the configuration; templates may make more of them. */
const targetsMax = 1_000;

function targetOf(address: string): Target {
  const known = targets.get(address);
  if (known !== undefined) return known;
  const url = new URL(address);
  const credentials = basicCredentials(url);
  const { href, host, hostname, protocol } = url;
  const target = { href, host, hostname, isSecure: protocol === "https:", credentials };
  if (targets.size >= targetsMax) targets.clear();
  targets.set(address, target);
  return target;
}

/** A user name in the address goes into a header, where it is not logged with the address. */
function basicCredentials(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = "";
  url.password = "";
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly serverName?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Verification is asked for explicitly: NODE_TLS_REJECT_UNAUTHORIZED must not take it away. */
function tlsOptions(tls: OutgoingTls | undefined, hostname: string): TlsOptions {
  const serverName = tls?.serverName || hostname;
  return {
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
    ...(serverName === "" ? {} : { serverName }),
    ...(tls === undefined || tls.serverCaPem === "" ? {} : { ca: tls.serverCaPem }),
    ...(tls === undefined || tls.certPem === "" ? {} : { cert: tls.certPem, key: tls.keyPem }),
  };
}

/** A name server that hangs must not hold the call longer than its time. */
function inTime<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", late, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", late));
  });
}

async function readLimited(response: Response, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get("content-length") ?? Number.NaN);
  if (declared > bytesMax) {
    await response.body?.cancel();
    throw tooBig(bytesMax);
  }
  if (declared <= bytesMax) return new Uint8Array(await response.arrayBuffer());
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw tooBig(bytesMax);
    }
    chunks.push(value);
  }
}

/** Stops at the limit before the memory is taken: a small answer may unpack to anything. */
function unpacked(response: Response, body: Uint8Array, bytesMax: number): Uint8Array {
  const encoding = (response.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return body;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new OutgoingFailure("the answer has an encoding that was not asked for", { answered: true });
  try {
    return gunzipSync(body, { maxOutputLength: bytesMax });
  } catch (cause) {
    throw (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE"
      ? tooBig(bytesMax)
      : new OutgoingFailure("the answer cannot be unpacked", { answered: true, cause });
  }
}

function tooBig(bytesMax: number): OutgoingFailure {
  return new OutgoingFailure(`the answer is larger than ${bytesMax} bytes`, { answered: true });
}
