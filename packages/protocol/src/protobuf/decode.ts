import type { DecodedFrame } from "../codec.ts";
import type { ClientCommand } from "../command.ts";
import type { EmulationRequest } from "../emulation.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { pong, readCommand } from "../requests/command.ts";
import { emulation } from "../requests/requests.ts";
import { WireReader } from "./reader.ts";

const encoder = new TextEncoder();
const onlyPong: DecodedFrame = { commands: [pong], violation: false };

/**
 * A frame is commands, each behind its length. One that cannot be read ends the frame with a violation; so does a frame
 * without any (C1, C10). A text frame is read as the bytes of its text, because the opcode says nothing (C11).
 */
export function decodeProtobufFrame(frame: string | Uint8Array): DecodedFrame {
  if (frame.length === 1 && frame[0] === 0) return onlyPong;
  const reader = new WireReader(typeof frame === "string" ? encoder.encode(frame) : frame);
  const commands: ClientCommand[] = [];
  try {
    do {
      const command = readCommand(reader);
      if (command === undefined) return { commands, violation: true };
      commands.push(command);
    } while (!reader.isAtEnd);
  } catch (error) {
    if (error instanceof ProtocolViolation) return { commands, violation: true };
    throw error;
  }
  return { commands, violation: false };
}

/** The body of a request to `/emulation`; undefined when it is none. */
export function decodeProtobufEmulation(body: Uint8Array): EmulationRequest | undefined {
  try {
    return emulation(new WireReader(body, "single"));
  } catch (error) {
    if (error instanceof ProtocolViolation) return undefined;
    throw error;
  }
}
