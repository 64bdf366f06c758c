import type { Codec, EncodedMessage } from "../codec.ts";
import { messagesPerFrameMax } from "../limits.ts";
import { decodeJsonConnect, decodeJsonFrame } from "./decode.ts";
import { encodeBarePush, encodePush, encodeReply, NotJson, rawText } from "./encode.ts";

/** JSON over WebSocket text frames: objects joined with a newline, none at the end. */
export const jsonCodec: Codec = {
  index: 0,
  name: "json",
  oneWay: false,
  decode: decodeJsonFrame,
  reply: (reply) => encoded(() => encodeReply(reply)),
  push: (push) => encoded(() => encodePush(push)),
  ping: { payload: "{}", sizeBytes: 2 },
  join: (payloads) => payloads.join("\n"),
  separatorBytes: 1,
  messagesPerFrameMax,
};

/** One-way JSON: bare pushes, one connect request. */
export const oneWayJsonCodec: Codec = {
  ...jsonCodec,
  index: 1,
  oneWay: true,
  decode: decodeJsonConnect,
  push: (push) => encoded(() => encodeBarePush(push)),
};

/** The same with every push in a frame of its own: `uni_websocket` without `join_push_messages`. */
export const oneWaySingleJsonCodec: Codec = { ...oneWayJsonCodec, index: 7, messagesPerFrameMax: 1 };

/** Is this payload one that JSON clients can be sent: UTF-8 and one JSON value? */
export function isJsonPayload(data: Uint8Array): boolean {
  return encoded(() => rawText(data)) !== undefined;
}

/** Is this payload a JSON object (`publication_data_format: json_object`)? */
export function isJsonObjectPayload(data: Uint8Array): boolean {
  if (!isJsonPayload(data)) return false;
  const first = data.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === 0x7b;
}

function encoded(encode: () => string): EncodedMessage | undefined {
  try {
    const payload = encode();
    return { payload, sizeBytes: utf8Length(payload) };
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, whole.
const ascii = /^[\x00-\x7f]*$/;

/** Bytes of a text in UTF-8, without encoding it. */
export function utf8Length(text: string): number {
  if (ascii.test(text)) return text.length;
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c < 0x80) length += 1;
    else if (c < 0x800) length += 2;
    else if (c >= 0xd800 && c < 0xdc00 && isLowSurrogate(text.charCodeAt(at + 1))) {
      length += 4;
      at++;
    } else length += 3;
  }
  return length;
}

function isLowSurrogate(c: number): boolean {
  return c >= 0xdc00 && c < 0xe000;
}
