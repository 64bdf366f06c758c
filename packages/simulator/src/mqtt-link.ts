import mqtt from "mqtt";
import type { ConnectDevice, DeviceLink, LinkRequest } from "./ports.ts";

const reconnectMs = 1_000;
const connectTimeoutMs = 10_000;

/** PEM of the authority that the broker's certificate must come from; absent: the system's. */
export interface LinkTls {
  readonly ca?: string | Buffer | undefined;
}

export const connectWithMqttJs: ConnectDevice = mqttJsLinks({});

/** A machine's connection over the `mqtt` library, as a real machine's firmware would use one: session kept, will set. */
export function mqttJsLinks(tls: LinkTls): ConnectDevice {
  return (request) => connect(request, tls);
}

function connect(request: LinkRequest, { ca }: LinkTls): DeviceLink {
  const client = mqtt.connect(request.url, {
    ...(ca === undefined ? {} : { ca }),
    clientId: request.clientId,
    username: request.username,
    ...(request.password === undefined ? {} : { password: request.password }),
    clean: false,
    protocolVersion: 4,
    keepalive: 30,
    reconnectPeriod: reconnectMs,
    connectTimeout: connectTimeoutMs,
    will: {
      topic: request.will.topic,
      payload: Buffer.from(request.will.payload),
      qos: request.will.qos,
      retain: request.will.retain,
    },
  });
  client.on("connect", () => {
    if (request.subscribeTo !== undefined) client.subscribe(request.subscribeTo, { qos: 1 });
    request.onConnected();
  });
  client.on("close", () => request.onDisconnected("closed"));
  // The library tries again by itself; the reason is of interest, the event must be taken.
  client.on("error", (error) => request.onDisconnected(error.message));
  client.on("message", (_topic, payload) => request.onMessage(payload));
  return {
    publish: ({ topic, payload, qos, retain }, onSettled) => {
      client.publish(topic, payload, { qos, retain }, (error) => onSettled(error === null || error === undefined));
    },
    end: () => new Promise((resolve) => client.end(false, {}, () => resolve())),
    cut: () => {
      client.stream.destroy();
      client.end(true);
    },
  };
}
