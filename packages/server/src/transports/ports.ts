import type { Clock, Engine } from "@fleetcast/engine";
import type { ConnectionGate } from "./connection-gate.ts";
import type { ConnectCodeAnswers } from "./decided-stream.ts";
import type { OpenStream } from "./open-stream.ts";
import type { OriginRule } from "./origin.ts";
import type { RequestDetails } from "./request-details.ts";

/** What every transport works with. */
export interface TransportPorts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly gate: ConnectionGate;
  readonly origin: OriginRule;
  readonly details: RequestDetails;
  readonly openStream: OpenStream;
}

/** One address of a transport. */
export interface Endpoint {
  readonly path: string;
  /** Largest body of a request, and with it of the commands in it. */
  readonly bodyBytesMax: number;
}

export interface OneWayEndpoint extends Endpoint {
  /** undefined: a failed connect is a disconnect push on a stream that was begun. */
  readonly connectCodes: ConnectCodeAnswers | undefined;
}
