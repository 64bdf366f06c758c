import type { ClientCommand, Disconnect, Publication } from "@fleetcast/protocol";
import type { Outcome } from "./connection/outcome.ts";
import type { TransportInfo } from "./transport.ts";

interface Who {
  readonly user: string;
  readonly client: string;
}

/** Somebody looks at what single connections and channels do. Nothing but `active` is asked while nobody looks. */
export interface EngineTrace {
  readonly active: boolean;
  /** `subscribers`: how many it is handed to. */
  published(channel: string, publication: Publication, subscribers: number): void;
  connected(who: Who, transport: TransportInfo): void;
  closed(who: Who, disconnect: Disconnect): void;
  command(who: Who, command: { readonly kind: string; readonly channel: string | undefined }, outcome: TracedOutcome): void;
}

/** `answer`: reply, error, disconnect or nothing. */
export interface TracedOutcome {
  readonly answer: Outcome["kind"];
  readonly code?: number;
}

export function tracedCommand(command: ClientCommand): { readonly kind: string; readonly channel: string | undefined } {
  const request = "request" in command ? (command.request as { readonly channel?: unknown }) : undefined;
  return { kind: command.kind, channel: typeof request?.channel === "string" ? request.channel : undefined };
}

export function tracedOutcome(outcome: Outcome): TracedOutcome {
  if (outcome.kind === "error") return { answer: "error", code: outcome.error.code };
  if (outcome.kind === "disconnect") return { answer: "disconnect", code: outcome.disconnect.code };
  return { answer: outcome.kind };
}
