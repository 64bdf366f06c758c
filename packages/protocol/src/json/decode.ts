import type { DecodedFrame } from "../codec.ts";
import type { ClientCommand } from "../command.ts";
import type { EmulationRequest } from "../emulation.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { pong, readCommand } from "../requests/command.ts";
import { connect, emulation } from "../requests/requests.ts";
import { JsonReader } from "./reader.ts";

const encoder = new TextEncoder();
const newline = 0x0a;
const onlyPong: DecodedFrame = { commands: [pong], violation: false };

/**
 * A frame is lines, one object a line, with at most one newline at the end. A blank line, a broken one, or one that
 * names nothing known ends the frame with a violation; what stands behind the object of a line is not looked at (C1).
 */
export function decodeJsonFrame(frame: string | Uint8Array): DecodedFrame {
  if (frame === "{}") return onlyPong;
  const bytes = bytesOf(frame);
  const commands: ClientCommand[] = [];
  for (let start = 0; start === 0 || start < bytes.length; ) {
    const found = bytes.indexOf(newline, start);
    const end = found === -1 ? bytes.length : found;
    const command = readWhole(end - start === bytes.length ? bytes : bytes.subarray(start, end), readCommand);
    if (command === undefined) return { commands, violation: true };
    commands.push(command);
    start = end + 1;
  }
  return { commands, violation: false };
}

/** The one frame of a one-way connection: a connect request without a command around it; `null` asks for nothing. */
export function decodeJsonConnect(frame: string | Uint8Array): DecodedFrame {
  const request = readWhole(bytesOf(frame), connect);
  return request === undefined ? { commands: [], violation: true } : { commands: [{ kind: "connect", id: 1, request }], violation: false };
}

/** The body of a request to `/emulation`; undefined when it breaks the rules. */
export function decodeJsonEmulation(body: Uint8Array): EmulationRequest | undefined {
  return readWhole(body, emulation);
}

function bytesOf(frame: string | Uint8Array): Uint8Array {
  return typeof frame === "string" ? encoder.encode(frame) : frame;
}

function readWhole<T>(bytes: Uint8Array, read: (reader: JsonReader) => T): T | undefined {
  try {
    return read(new JsonReader(bytes));
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    throw error;
  }
}
