import { type ClientCommand, type DecodedFrame, type EncodedMessage, utf8Length } from "@fleetcast/protocol";
import type { TransportInfo } from "../transport.ts";
import { CodeCounts } from "./code-counts.ts";
import { type FrameType, frameTypeOfCommand, frameTypes } from "./frame-types.ts";
import { Histogram } from "./histogram.ts";
import { durationBounds, Timing } from "./timing.ts";

/** Room for every `codec.index`. */
const codecsMax = 16;
/** What each codec stands for; there is one for each transport and format. */
export const transportOfCodec: readonly TransportInfo["transport"][] = [
  "websocket",
  "uni_websocket",
  "websocket",
  "http_stream",
  "uni_http_stream",
  "sse",
  "uni_sse",
  "uni_websocket",
  "http_stream",
];
export const transports = ["websocket", "http_stream", "sse", "uni_websocket", "uni_sse", "uni_http_stream"] as const;

/**
 * What the engine counts. Plain numbers in arrays, read when somebody asks: a delivery adds two of them. What costs more (clocks,
 * sizes of what comes in) is done only where `isTimed`.
 */
export class EngineMetrics {
  /** Somebody reads times and sizes. */
  readonly isTimed: boolean;
  /** Messages and bytes that went into outboxes, by frame type and codec: `frameType * codecsMax + codec.index`. */
  readonly sent = new Float64Array(frameTypes.length * codecsMax);
  readonly sentBytes = new Float64Array(frameTypes.length * codecsMax);
  readonly received = new Float64Array(frameTypes.length * codecsMax);
  readonly receivedBytes = new Float64Array(frameTypes.length * codecsMax);
  /** Bytes of whole frames that came in, by codec. */
  readonly frameSizes: (Histogram | undefined)[] = [];
  /** Connections that came and went, by transport and by what the client told of itself: `transport * 4 + name + version`. */
  readonly entered = new Float64Array(transports.length * 4);
  readonly left = new Float64Array(transports.length * 4);
  /** The same of subscriptions: 0 where the client has no name, 1 where it has. */
  readonly subscribed = new Float64Array(2);
  readonly unsubscribed = new Float64Array(2);
  presenceAdded = 0;
  presenceRemoved = 0;
  /** Recoveries: not recovered, recovered with nothing, recovered with publications. */
  readonly recoveries = new Float64Array(3);
  cacheRecoveries = 0;
  readonly recovered = new Histogram([0, 1, 2, 3, 5, 10, 20, 50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000]);
  filtered = 0;
  /** Publications that the logs committed, whoever is subscribed. */
  published = 0;
  /** `method code`. */
  readonly replyErrors = new CodeCounts();
  readonly disconnects = new CodeCounts();
  readonly unsubscribes = new CodeCounts();
  /** `transport code`. */
  readonly closes = new CodeCounts();
  readonly commands = new Map<ClientCommand["kind"], Timing>();
  /** Ping to pong, by transport. Seconds. */
  readonly pongs = new Map<TransportInfo["transport"], Histogram>();
  slowDisconnects = 0;
  droppedFrames = 0;
  catchUps = 0;

  constructor(isTimed: boolean) {
    this.isTimed = isTimed;
  }

  said(frameType: FrameType, codecIndex: number, message: EncodedMessage): void {
    const at = frameType * codecsMax + codecIndex;
    this.sent[at]!++;
    this.sentBytes[at]! += message.sizeBytes;
  }

  /** A frame of several commands is shared out evenly among them: where one ends is known to the reader of the frame alone. */
  heard(frame: string | Uint8Array, codecIndex: number, { commands }: DecodedFrame): void {
    if (!this.isTimed) return;
    const bytes = typeof frame === "string" ? utf8Length(frame) : frame.length;
    this.frameSizes[codecIndex] ??= new Histogram([64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576]);
    this.frameSizes[codecIndex].observe(bytes);
    for (const { kind } of commands) {
      const at = frameTypeOfCommand(kind) * codecsMax + codecIndex;
      this.received[at]!++;
      this.receivedBytes[at]! += bytes / commands.length;
    }
  }

  worked(kind: ClientCommand["kind"], startedAtMs: number, nowMs: number): void {
    let timing = this.commands.get(kind);
    if (timing === undefined) {
      timing = new Timing();
      this.commands.set(kind, timing);
    }
    timing.observe(nowMs - startedAtMs, nowMs);
  }

  ponged(transport: TransportInfo["transport"], durationMs: number): void {
    let times = this.pongs.get(transport);
    if (times === undefined) {
      times = new Histogram(durationBounds);
      this.pongs.set(transport, times);
    }
    times.observe(durationMs / 1_000);
  }

  /** Of all transports, by frame type. */
  *byFrameType(counts: Float64Array): Generator<{ frameType: string; transport: string; count: number }> {
    for (const [type, frameType] of frameTypes.entries()) {
      for (const transport of transports) {
        let count = 0;
        for (const [codec, of] of transportOfCodec.entries()) if (of === transport) count += counts[type * codecsMax + codec]!;
        if (count > 0) yield { frameType, transport, count };
      }
    }
  }
}

/** Place in `entered` and `left`. */
export function connectionKind(
  transport: TransportInfo["transport"],
  software: { readonly name: string; readonly version: string },
): number {
  return transports.indexOf(transport) * 4 + (software.name === "" ? 0 : 2) + (software.version === "" ? 0 : 1);
}
