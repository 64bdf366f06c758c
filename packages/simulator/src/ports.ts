/** Time, handed in: the tests drive it by hand. */
export interface SimulatorClock {
  /** Unix milliseconds. */
  wallMs(): number;
  /** Runs `task` once after `delayMs`; the answer cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** A machine's MQTT connection as the simulation needs it: `mqtt` (MQTT.js) behind it, or a list in tests. */
export interface DeviceLink {
  /** `onSettled` is called once: acknowledged, or given up. */
  publish(message: OutgoingMessage, onSettled: (acknowledged: boolean) => void): void;
  /** Closes with DISCONNECT, so that the will stays unsent. */
  end(): Promise<void>;
  /** Cuts the line as a power failure does: the broker sends the will. */
  cut(): void;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

export interface LinkRequest {
  readonly url: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string | undefined;
  readonly will: OutgoingMessage;
  readonly subscribeTo: string | undefined;
  readonly onConnected: () => void;
  readonly onDisconnected: (reason: string) => void;
  readonly onMessage: (payload: Uint8Array) => void;
}

export type ConnectDevice = (request: LinkRequest) => DeviceLink;
