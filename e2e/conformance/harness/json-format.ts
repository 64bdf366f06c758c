import { opcodes } from "./raw-websocket.ts";
import { Raw, type Received, type Wire, type WireFormat } from "./wire-format.ts";

/** Lines of JSON. */
export const jsonFormat: WireFormat = {
  name: "json",
  subprotocol: "centrifuge-json",
  opcode: opcodes.text,
  encode: (commands) => Buffer.concat(commands.flatMap((command, i) => (i === 0 ? [written(command)] : [newline, written(command)]))),
  decode: (frame): Received[] =>
    frame
      .toString("utf8")
      .split("\n")
      .map((text) => ({ text, value: JSON.parse(text) as Wire })),
};

const newline = Buffer.from("\n");

/** `JSON.stringify`, except that `Raw` stands there as its bytes. */
function written(value: unknown): Buffer {
  const raws: Raw[] = [];
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (!(inner instanceof Raw)) return inner;
    raws.push(inner);
    return "\u{f8ff}";
  });
  const parts = text.split('"\u{f8ff}"');
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [raws[i - 1]!.bytes, Buffer.from(part)])));
}
