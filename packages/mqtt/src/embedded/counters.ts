import type { MqttClock, MqttLogger } from "../ports.ts";

const logIntervalMs = 10_000;

/** What the broker counts. One log line a reason and 10 s at most: a flood of bad packets must not become a flood of lines. */
export class Counters {
  connections = 0;
  received = 0;
  acknowledged = 0;
  /** Handed to the handler and not answered yet. */
  outstanding = 0;
  readonly refused = new Map<string, number>();
  /** Odd but harmless packets that Mosquitto tolerates too (M15). */
  readonly tolerated = new Map<string, number>();
  readonly #clock: MqttClock;
  readonly #log: MqttLogger;
  readonly #loggedAtMs = new Map<string, number>();

  constructor(clock: MqttClock, log: MqttLogger) {
    this.#clock = clock;
    this.#log = log;
  }

  refuse(reason: string, fields: Readonly<Record<string, unknown>>): void {
    const count = (this.refused.get(reason) ?? 0) + 1;
    this.refused.set(reason, count);
    const nowMs = this.#clock.monotonicMs();
    const loggedAtMs = this.#loggedAtMs.get(reason);
    if (loggedAtMs !== undefined && nowMs - loggedAtMs < logIntervalMs) return;
    this.#loggedAtMs.set(reason, nowMs);
    const hint =
      reason === "mqtt_5" ? "; the embedded broker speaks MQTT 3.1 and 3.1.1, for MQTT 5 put a Mosquitto in front (mqtt.broker)" : "";
    this.#log.warn({ ...fields, reason, total: count }, `device connection refused${hint}`);
  }

  tolerate(reason: string): void {
    this.tolerated.set(reason, (this.tolerated.get(reason) ?? 0) + 1);
  }
}
