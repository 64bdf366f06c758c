import type { z } from "zod";

/** A sentence for people, in the two languages of the documents. */
export interface Texts {
  readonly en: string;
  readonly zh: string;
}

/** A JSON Schema of the 2020-12 dialect, as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A shape that the document names and several operations share, or one that stands in place. */
export type Shape = JsonSchema | z.ZodType;

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required?: boolean;
  readonly shape: Shape;
  readonly text: Texts;
  readonly example?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: Texts;
  /** By media type; absent: no body. */
  readonly bodies?: Readonly<Record<string, Shape>>;
  readonly headers?: Readonly<Record<string, { readonly text: Texts; readonly shape: JsonSchema }>>;
}

/**
 * What a request has to bring: `api_key` the server API's key, `session` the cookie of a login, `session_write` that and the
 * CSRF header, `none` nothing.
 */
export type Access = "api_key" | "session" | "session_write" | "none";

/** Chapters of the document. */
export type Tag = "server" | "session" | "realtime" | "fleet" | "commands" | "system" | "administration";

/**
 * One operation of an HTTP API, as the OpenAPI document, the reference pages and the tests know it. It stands on its route, so
 * that a route cannot be without one unnoticed.
 */
export interface Operation {
  /** Stable; generated clients name their methods by it. */
  readonly id: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly tag: Tag;
  readonly summary: Texts;
  readonly text?: Texts;
  readonly access: Access;
  readonly parameters?: readonly Parameter[];
  readonly request?: { readonly shape: Shape | ((language: keyof Texts) => JsonSchema); readonly example: unknown };
  readonly answers: readonly Answer[];
}
