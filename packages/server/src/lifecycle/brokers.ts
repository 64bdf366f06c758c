import { readFileSync } from "node:fs";
import type { Chance, Clock } from "@fleetcast/engine";
import {
  type Broker,
  type BrokerTls,
  createBrokerConsumer,
  createEmbeddedBroker,
  type IntakeHandler,
  inboundKinds,
  ListenError,
  type TopicLayout,
} from "@fleetcast/mqtt";
import type { Config, MqttTlsConfig } from "../config/config.ts";
import type { Logger } from "../log.ts";
import { cannotListen, doors, StartRefused } from "./start-refused.ts";

export interface IntakeBroker extends Broker {
  /** True while devices' messages can come in. */
  readonly connected: () => boolean;
  /** Another certificate for devices, from the next handshake on; nothing where the listener is not ours. @throws and keeps the former */
  swapCertificate(next: MqttTlsConfig): void;
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
  const { tls } = config;
  const broker = createEmbeddedBroker({
    addresses: tls?.only === true ? [] : addressesOf(config.address),
    port: config.port,
    tls: tls === undefined ? undefined : { ...brokerTls(tls), addresses: addressesOf(tls.address), port: tls.port },
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
        if (!(cause instanceof ListenError)) throw cause;
        throw cannotListen(tls !== undefined && cause.port === tls.port ? doors.mqtts : doors.mqtt, cause);
      }
    },
    (next) => broker.swapCertificate(brokerTls(next)),
  );
}

function addressesOf(address: string): readonly string[] {
  return address === "" ? ["127.0.0.1", "::1"] : [address];
}

function brokerTls({ certPem, keyPem, clientCaPem, clientCertificates }: MqttTlsConfig): BrokerTls {
  return { cert: certPem, key: keyPem, ca: clientCaPem === "" ? undefined : clientCaPem, clientCertificates };
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
    () => undefined,
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

function wrapped(
  broker: Broker,
  connected: () => boolean,
  start: () => Promise<void>,
  swapCertificate: IntakeBroker["swapCertificate"],
): IntakeBroker {
  return {
    start,
    connected,
    swapCertificate,
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
export function readAuthority(file: string, key = "mqtt.ca_file (FLEETCAST_MQTT_CA_FILE)"): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new StartRefused(`${key} ${file} cannot be read (${code})`, { cause });
  }
}
