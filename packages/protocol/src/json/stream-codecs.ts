import type { Codec, EncodedMessage } from "../codec.ts";
import { jsonCodec, oneWayJsonCodec } from "./codec.ts";

/**
 * JSON on streams without frames of their own. What a stream needs around a message is part of the encoded message, so a
 * publication is framed once and not once a subscriber, and the frames of an outbox join by standing one after another.
 */

/** HTTP streaming: each object is followed by a newline. */
export const jsonLinesCodec: Codec = framed(jsonCodec, 3, "", "\n");
export const oneWayJsonLinesCodec: Codec = framed(oneWayJsonCodec, 4, "", "\n");

/** Server-sent events: each object is an event of its own. */
export const jsonEventsCodec: Codec = framed(jsonCodec, 5, "data: ", "\n\n");
export const oneWayJsonEventsCodec: Codec = framed(oneWayJsonCodec, 6, "data: ", "\n\n");

function framed(codec: Codec, index: number, before: string, after: string): Codec {
  const frame = (message: EncodedMessage): EncodedMessage => {
    const text = oneLine(message.payload as string);
    return {
      payload: `${before}${text}${after}`,
      sizeBytes: message.sizeBytes + text.length - message.payload.length + before.length + after.length,
    };
  };
  const framedIfAny = (message: EncodedMessage | undefined): EncodedMessage | undefined =>
    message === undefined ? undefined : frame(message);
  return {
    ...codec,
    index,
    reply: (reply) => framedIfAny(codec.reply(reply)),
    push: (push) => framedIfAny(codec.push(push)),
    ping: frame(codec.ping),
    join: (payloads) => payloads.join(""),
    separatorBytes: 0,
  };
}

/** A carriage return ends a line of an event stream, too; in JSON it can only stand between tokens. */
function oneLine(json: string): string {
  return json.includes("\r") ? json.replaceAll("\r", "") : json;
}
