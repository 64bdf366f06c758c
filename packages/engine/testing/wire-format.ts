import { AsyncLocalStorage } from "node:async_hooks";
import { test as nodeTest } from "node:test";
import { decodeReplies, encodeCommands, type Wire } from "@fleetcast/protocol/testing";

export type WireFormat = "json" | "protobuf";

const formatOfTest = new AsyncLocalStorage<WireFormat>();

/** What clients of an engine bench speak unless a test says otherwise. */
export function wireFormat(): WireFormat {
  return formatOfTest.getStore() ?? "json";
}

/**
 * `test` of node:test, once for each wire format: within it clients of an engine bench speak that format, through a codec that
 * is not ours. What holds for one format only keeps to node:test's own.
 */
export function test(title: string, body: () => void | Promise<void>): void {
  for (const format of ["json", "protobuf"] as const) nodeTest(`${title} (${format})`, () => formatOfTest.run(format, body));
}

/** Commands as a frame of this format. */
export function frameOf(format: WireFormat, commands: readonly Wire[]): string | Uint8Array {
  return format === "json" ? commands.map((command) => JSON.stringify(command)).join("\n") : encodeCommands(...commands);
}

/** What a frame of the server says, whatever its transport puts around a message. */
export function messagesOf(format: WireFormat, frame: string | Uint8Array): Wire[] {
  if (format === "protobuf") return typeof frame === "string" ? [] : decodeReplies(frame);
  return String(frame)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line.startsWith("data: ") ? line.slice("data: ".length) : line) as Wire);
}

/** Lines of JSON as commands, or undefined where one of them is no object. */
export function commandsOf(text: string): Wire[] | undefined {
  try {
    const commands = text.split("\n").map((line) => JSON.parse(line) as unknown);
    return commands.every((command) => typeof command === "object" && command !== null) ? (commands as Wire[]) : undefined;
  } catch {
    return undefined;
  }
}
