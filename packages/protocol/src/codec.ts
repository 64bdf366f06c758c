import type { ClientCommand } from "./command.ts";
import type { Push } from "./push.ts";
import type { Reply } from "./reply.ts";

/** One message as it goes out: encoded once, then shared by every connection that gets it. */
export interface EncodedMessage {
  readonly payload: string | Uint8Array;
  /** Size on the wire, UTF-8 counted. */
  readonly sizeBytes: number;
}

/** The commands of a frame up to the first one that breaks the rules; those before it are still answered. */
export interface DecodedFrame {
  readonly commands: readonly ClientCommand[];
  /** The rest of the frame, or all of it, cannot be read: disconnect 3501. */
  readonly violation: boolean;
}

/**
 * One wire format, in one direction or both. Encoders answer `undefined` when a raw payload cannot be carried by this format (bytes that are not
 * JSON towards a JSON client): disconnect 3506.
 */
export interface Codec {
  /** Place among all codecs, for what is encoded once for each of them. */
  readonly index: number;
  readonly name: "json" | "protobuf";
  /**
   * One-way transports: pushes stand bare instead of inside a reply, and the only frame a client sends is its connect
   * request.
   */
  readonly oneWay: boolean;
  decode(frame: string | Uint8Array): DecodedFrame;
  reply(reply: Reply): EncodedMessage | undefined;
  push(push: Push): EncodedMessage | undefined;
  readonly ping: EncodedMessage;
  /** Puts the payloads of several messages into one frame. */
  join(payloads: readonly EncodedMessage["payload"][]): EncodedMessage["payload"];
  /** Bytes between two messages of a frame. */
  readonly separatorBytes: number;
  /** Messages that one frame joins at most. */
  readonly messagesPerFrameMax: number;
}
