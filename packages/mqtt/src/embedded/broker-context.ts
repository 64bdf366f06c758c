import type { Aedes } from "aedes";
import type { IntakeHandler } from "../intake.ts";
import type { MqttClock } from "../ports.ts";
import type { TopicLayout } from "../topics.ts";
import type { Will } from "../wire/connect.ts";
import type { Counters } from "./counters.ts";
import type { DeviceConnection } from "./device-connection.ts";
import type { EmbeddedLimits } from "./limits.ts";
import type { Machine, MachineRegistry } from "./machine-registry.ts";
import type { SessionStore } from "./session-store.ts";

/** What every device connection shares. */
export interface BrokerContext {
  readonly limits: EmbeddedLimits;
  readonly clock: MqttClock;
  readonly layout: TopicLayout;
  readonly handler: IntakeHandler;
  readonly aedes: Aedes;
  readonly sessions: SessionStore;
  readonly machines: MachineRegistry;
  readonly counters: Counters;
  /** Writes the connection's gathered answers once at the end of this tick. */
  flushSoon(connection: DeviceConnection): void;
  /** Hands a stored message to other subscribers of the machine's subtree, and keeps it where it is retained. */
  forward(machine: Machine, message: { topic: string; payload: Uint8Array; qos: 0 | 1 | 2; retain: boolean }): void;
  publishWill(machine: Machine, will: Will): void;
  connectionEnded(connection: DeviceConnection): void;
}
