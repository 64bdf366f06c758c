/**
 * The seam between a broker and what Fleetcast does with its messages. The embedded broker and the consumer of an
 * external broker pass one contract: `message` is called in each device's order, and the device (or the external broker)
 * hears PUBACK only after `done()` was called. `done(error)` means: not stored, do not acknowledge.
 */
export interface InboundMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup: boolean;
  /** The authenticated machine (embedded broker) or undefined (external broker: its ACL bound topic to machine). */
  readonly vmId: string | undefined;
  /** True when the broker publishes it for a client that is gone. */
  readonly will: boolean;
}

export interface IntakeHandler {
  message(message: InboundMessage, done: (error?: Error) => void): void;
  /** Embedded broker only: who may connect. Must not throw; a failure inside is a refusal (A3). */
  authenticate?(attempt: ConnectAttempt): Promise<ConnectVerdict>;
  /**
   * Embedded broker only: a machine's connection opened, or its last one closed (keep-alive, take-over and TCP loss alike).
   * `graceful`: it ended with DISCONNECT or by our own stop; absent where that is not known.
   */
  connection?(change: { readonly vmId: string; readonly connected: boolean; readonly graceful?: boolean | undefined }): void;
}

export interface ConnectAttempt {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** The machine that a verified certificate of the device names; then the user name is the same. */
  readonly certificate?: string | undefined;
  readonly remoteAddress: string;
  /** The listener's own address is loopback: a machine without a credential may pass by its user name. */
  readonly loopback: boolean;
}

/** MQTT 3.1.1 CONNACK codes: 2 identifier rejected, 4 bad user name or password, 5 not authorised. */
export type ConnectVerdict = { readonly ok: true; readonly vmId: string } | { readonly ok: false; readonly code: 2 | 4 | 5 };

export interface Broker {
  start(): Promise<void>;
  /** Sends to devices. QoS 1 resolves when the broker took it over (embedded: queued for the session; external: PUBACK). */
  publish(topic: string, payload: Uint8Array, options: { readonly qos: 0 | 1; readonly retain: boolean }): Promise<void>;
  /** While true no more packets are read from any device socket (I7). */
  pause(paused: boolean): void;
  /** Ends one machine's connection and refuses its next packet (revocation, A1). */
  disconnectMachine(vmId: string): void;
  /** Stops accepting, answers what was committed, closes. */
  stop(): Promise<void>;
  readonly stats: BrokerStats;
}

export interface BrokerStats {
  readonly connections: number;
  readonly received: number;
  readonly acknowledged: number;
  /** Handed to the handler and not answered yet. */
  readonly outstanding: number;
  /** Sockets closed by the guard, counted by reason. */
  readonly refused: ReadonlyMap<string, number>;
}
