import { type Clock, type ProxyAnswer, ProxyAnswerUnusable, type ProxyCaller } from "@fleetcast/engine";
import type { ProxyConfig } from "../config/config.ts";
import { type OutgoingAnswer, OutgoingFailure, type OutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { Fields, MalformedJson } from "../push/raw-json/fields.ts";
import { Breaker } from "./breaker.ts";
import { headersOf, UnusableHeader } from "./headers.ts";
import { ProxyFailure, type ProxyType } from "./proxy-failure.ts";
import { RequestBody, UnusablePayload } from "./request.ts";
import { UnusableBase64 } from "./results.ts";
import { NoTurn, Turns } from "./turns.ts";

export interface BackendPorts {
  readonly fetch: OutgoingFetch;
  readonly clock: Pick<Clock, "monotonicMs" | "schedule">;
  readonly metrics?: ProxyMetrics | undefined;
  readonly traces?: QuestionTracer | undefined;
}

/** Told about every call; `failed` where the client got no answer of the backend. */
export interface ProxyMetrics {
  started(type: ProxyType, name: string): void;
  ended(type: ProxyType, name: string, durationMs: number, failed: boolean): void;
}

/** Begins the trace of a call; undefined where this one is not traced. The backend is told of it. */
export interface QuestionTracer {
  question(type: ProxyType, name: string): { readonly traceparent: string; end(failed: boolean): void } | undefined;
}

/** Bytes of an answer, after unpacking (X1, a deviation). */
export const answerBytesMax = 1_048_576;
/** Calls of one backend under way at once. The runtime has 256 for everybody: one backend that hangs must leave room for the others. */
export const callsAtOnceMax = 100;
/** Calls that wait for their turn. */
export const callsWaitingMax = 10_000;

/** One question: what is asked, about whom, and how an answer is read. */
interface Question<Result> {
  readonly type: ProxyType;
  /** Undefined where the engine itself asks. */
  readonly caller: ProxyCaller | undefined;
  readonly write: (body: RequestBody) => RequestBody;
  readonly read: (fields: Fields) => Result;
  /** `result` counts whatever stands beside it (refreshes, X4). */
  readonly resultOnly?: boolean;
  /** Does a status of the answer mean something to the client? */
  readonly transforms?: boolean;
}

/** One backend: its address, its headers, its turns, and whether it is there at all. */
export class Backend {
  readonly #config: ProxyConfig;
  /** As metrics and logs know it. */
  readonly #name: string;
  readonly #ports: BackendPorts;
  readonly #headers: ReturnType<typeof headersOf>;
  readonly #breaker: Breaker;
  readonly #turns: Turns;

  constructor(config: ProxyConfig, name: string, ports: BackendPorts) {
    this.#config = config;
    this.#name = name;
    this.#ports = ports;
    this.#headers = headersOf(config);
    this.#breaker = new Breaker(ports.clock);
    this.#turns = new Turns({ atOnceMax: callsAtOnceMax, waitingMax: callsWaitingMax }, ports.clock);
  }

  /** @throws ProxyFailure where nothing that can be read came back, ProxyAnswerUnusable where a part of it cannot be used */
  async ask<Result>(question: Question<Result>): Promise<ProxyAnswer<Result>> {
    const { clock, metrics, traces } = this.#ports;
    const { type } = question;
    const startedAtMs = clock.monotonicMs();
    metrics?.started(type, this.#name);
    const trace = traces?.question(type, this.#name);
    let failed = true;
    try {
      const answer = this.#read(question, await this.#call(question, trace?.traceparent));
      failed = false;
      return answer;
    } catch (cause) {
      if (cause instanceof UnusableBase64) throw new ProxyAnswerUnusable(`the ${type} proxy ${this.#name}: bad base64`, { cause });
      if (isExpected(cause)) throw new ProxyFailure(type, this.#name, cause.message, { cause });
      throw cause;
    } finally {
      trace?.end(failed);
      metrics?.ended(type, this.#name, clock.monotonicMs() - startedAtMs, failed);
    }
  }

  async #call({ caller, write }: Question<unknown>, traceparent: string | undefined): Promise<OutgoingAnswer> {
    // What a client may have got wrong is found before the backend has anything to do with it.
    const request = {
      url: this.#config.endpoint,
      headers: traceparent === undefined ? this.#headers(caller) : { ...this.#headers(caller), traceparent },
      body: write(new RequestBody(this.#config)).bytes(),
      timeoutMs: this.#config.timeoutMs,
      answerBytesMax,
      tls: this.#config.tls,
    };
    const turn = this.#turns.enter(this.#config.timeoutMs);
    if (turn !== undefined) await turn;
    try {
      if (!this.#breaker.admits()) throw new BackendGone("it did not answer before, and is left alone for a while");
      return await this.#send(request);
    } finally {
      this.#turns.leave();
    }
  }

  async #send(request: Parameters<OutgoingFetch>[0]): Promise<OutgoingAnswer> {
    try {
      const answer = await this.#ports.fetch(request);
      this.#breaker.answered();
      return answer;
    } catch (cause) {
      if (cause instanceof OutgoingFailure && cause.answered) this.#breaker.answered();
      else this.#breaker.notAnswered();
      throw cause;
    }
  }

  #read<Result>({ read, resultOnly = false, transforms = true }: Question<Result>, answer: OutgoingAnswer): ProxyAnswer<Result> {
    if (answer.status !== 200) {
      const known = transforms ? this.#config.statusTransforms.find(({ statusCode }) => statusCode === answer.status) : undefined;
      if (known === undefined) throw new UnusableStatus(`status ${answer.status}`);
      return known.to;
    }
    const envelope = Fields.ofDocument(answer.body);
    const disconnect = envelope.object("disconnect");
    const error = envelope.object("error");
    const result = envelope.object("result");
    if (disconnect !== undefined && !resultOnly) {
      return { kind: "disconnect", code: code(disconnect), reason: disconnect.text("reason") ?? "" };
    }
    if (error !== undefined && !resultOnly) {
      return { kind: "error", code: code(error), message: error.text("message") ?? "", temporary: error.flag("temporary") ?? false };
    }
    return { kind: "result", result: result === undefined ? undefined : read(result) };
  }
}

const uint32Max = 4_294_967_295;

function code(fields: Fields): number {
  return fields.integer("code", 0, uint32Max) ?? 0;
}

class BackendGone extends Error {
  override readonly name = "BackendGone";
}

class UnusableStatus extends Error {
  override readonly name = "UnusableStatus";
}

function isExpected(cause: unknown): cause is Error {
  return [OutgoingFailure, MalformedJson, UnusableStatus, BackendGone, NoTurn, UnusableHeader, UnusablePayload].some(
    (expected) => cause instanceof expected,
  );
}
