import { readFileSync } from "node:fs";
import type { Chance, Clock } from "@fleetcast/engine";
import {
  type Broker,
  createBrokerConsumer,
  createEmbeddedBroker,
  type IntakeHandler,
  inboundKinds,
  ListenError,
  type TopicLayout,
} from "@fleetcast/mqtt";
import type { Config } from "../config/config.ts";
import type { Logger } from "../log.ts";
import { cannotListen, doors, StartRefused } from "./start-refused.ts";

export interface IntakeBroker extends Broker {
  /** True while devices' messages can come in. */
  readonly connected: () => boolean;
}

/** The broker side by configuration: ours on its port, or a consumer of somebody else's. */
export function createIntakeBroker(ports: {
  readonly config: Config["mqtt"];
  readonly handler: IntakeHandler;
  readonly layout: TopicLayout;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
}): IntakeBroker {
  return ports.config.broker === "embedded" ? embedded(ports) : external(ports);
}

type Ports = Parameters<typeof createIntakeBroker>[0];

function embedded({ config, handler, layout, clock, log }: Ports): IntakeBroker {
  const broker = createEmbeddedBroker({
    addresses: config.address === "" ? ["127.0.0.1", "::1"] : [config.address],
    port: config.port,
    handler,
    clock,
    layout,
    log,
    limits: { packetBytesMax: config.packetBytesMax },
  });
  let listening = false;
  return wrapped(
    broker,
    () => listening,
    async () => {
      try {
        await broker.start();
        listening = true;
      } catch (cause) {
        throw cause instanceof ListenError ? cannotListen(doors.mqtt, cause) : cause;
      }
    },
  );
}

function external({ config, handler, layout, clock, chance, log }: Ports): IntakeBroker {
  const consumer = refusingBadAddress(() =>
    createBrokerConsumer({
      url: config.broker,
      username: config.username === "" ? undefined : config.username,
      password: config.password === "" ? undefined : config.password,
      ca: config.caFile === "" ? undefined : readAuthority(config.caFile),
      clientId: config.clientId,
      inflightMax: config.inflightMax,
      topics: layout.filters(inboundKinds),
      handler,
      clock,
      chance,
      log,
      limits: { messageBytesMax: config.packetBytesMax + 1_024 },
    }),
  );
  return wrapped(
    consumer,
    () => consumer.stats.connected,
    () => consumer.start(),
  );
}

function refusingBadAddress<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new StartRefused(`mqtt.broker (FLEETCAST_MQTT_BROKER): ${cause.message}`, { cause });
  }
}

function wrapped(broker: Broker, connected: () => boolean, start: () => Promise<void>): IntakeBroker {
  return {
    start,
    connected,
    publish: (topic, payload, options) => broker.publish(topic, payload, options),
    pause: (paused) => broker.pause(paused),
    disconnectMachine: (vmId) => broker.disconnectMachine(vmId),
    stop: () => broker.stop(),
    get stats() {
      return broker.stats;
    },
  };
}

/** @throws StartRefused */
export function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new StartRefused(`mqtt.ca_file (FLEETCAST_MQTT_CA_FILE) ${file} cannot be read (${code})`, { cause });
  }
}
