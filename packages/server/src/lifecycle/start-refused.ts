/** The start cannot go on and nothing is half-started: one clear line for the person, exit code 2. */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
}

export const exitCodes = { done: 0, failed: 1, refused: 2 } as const;

interface Door {
  readonly what: string;
  readonly portKey: string;
  readonly portVariable: string;
  readonly addressKey: string;
}

export const doors = {
  http: {
    what: "the web port",
    portKey: "http_server.port",
    portVariable: "FLEETCAST_HTTP_SERVER_PORT",
    addressKey: "http_server.address",
  },
  internal: {
    what: "the internal port",
    portKey: "http_server.internal_port",
    portVariable: "FLEETCAST_HTTP_SERVER_INTERNAL_PORT",
    addressKey: "http_server.internal_address",
  },
  mqtts: {
    what: "the MQTTS port",
    portKey: "mqtt.tls.port",
    portVariable: "FLEETCAST_MQTT_TLS_PORT",
    addressKey: "mqtt.tls.address",
  },
  mqtt: { what: "the MQTT port", portKey: "mqtt.port", portVariable: "FLEETCAST_MQTT_PORT", addressKey: "mqtt.address" },
} as const satisfies Readonly<Record<string, Door>>;

/** What a listener could not have, as somebody who can change it wants to read it: with the key and the variable. */
export function cannotListen(
  door: Door,
  failure: { readonly code: string; readonly address: string; readonly port: number },
): StartRefused {
  const where = `${failure.address.includes(":") ? `[${failure.address}]` : failure.address}:${failure.port}`;
  const change = `${door.portKey} or ${door.portVariable} sets another one`;
  switch (failure.code) {
    case "EADDRINUSE":
      return new StartRefused(`${door.what} ${where} is taken by another program; ${change}`, { cause: failure });
    case "EACCES":
      return new StartRefused(`${door.what} ${where} may not be opened by this user; ${change}`, { cause: failure });
    case "EADDRNOTAVAIL":
      return new StartRefused(`${door.what} ${where}: this machine does not have the address; ${door.addressKey} sets it`, {
        cause: failure,
      });
    default:
      return new StartRefused(`${door.what} ${where} cannot be opened (${failure.code}); ${change}`, { cause: failure });
  }
}
