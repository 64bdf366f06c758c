/** Attributes hold what an operator may read: kinds, names, codes. Never payloads, tokens or headers. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** As the protocol numbers them. */
export const spanKind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = (typeof spanKind)[keyof typeof spanKind];

/** What is known of a span once it is over. Times are Unix milliseconds, with fractions. */
export interface EndedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly failed: boolean;
}

/** A stretch of time under way. It exists only where it was sampled. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** What a backend is told, so that its spans join ours (W3C Trace Context). */
  readonly traceparent: string;
  /** `startMs`: monotonic, now unless said. */
  child(name: string, kind?: SpanKind, attributes?: Attributes, startMs?: number): Span;
  /** Once. `endMs`: monotonic, now unless said. */
  end(more?: { readonly attributes?: Attributes; readonly failed?: boolean; readonly endMs?: number }): void;
}
