/** Where an external broker is, out of `mqtt://host:1883` or `mqtts://host:8883`, with user and password where they stand in it. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** @throws RangeError naming what is wrong, never the password. */
export function parseBrokerUrl(text: string): BrokerAddress {
  if (!URL.canParse(text)) throw new RangeError("not an address of a broker; expected mqtt://host:1883 or mqtts://host:8883");
  const url = new URL(text);
  if (url.protocol !== "mqtt:" && url.protocol !== "mqtts:") {
    throw new RangeError(`scheme ${url.protocol.slice(0, -1)} is not mqtt or mqtts`);
  }
  if (url.hostname === "") throw new RangeError("the broker's address has no host");
  if (url.pathname !== "" && url.pathname !== "/") throw new RangeError("the broker's address must not have a path");
  const secure = url.protocol === "mqtts:";
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 8883 : 1883) : Number(url.port),
    secure,
    username: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
  };
}
