import { isDeepStrictEqual } from "node:util";
import type { TlsConfig } from "./config.ts";
import type { Settings } from "./settings.ts";
import type { Option } from "./table/option.ts";
import { type OptionPath, options } from "./table/options.ts";

/** What two readings of one configuration differ in. */
export interface Differences {
  /** Keys that running parts take, and lists as a whole. */
  readonly live: readonly string[];
  /** Keys that only a start takes. */
  readonly restart: readonly string[];
}

/** Of a real Centrifugo behind us only the keys of tokens and our certificates concern this process; the rest is in its own file. */
const liveBehindCentrifugo = /^(client\.(token|subscription_token)\.|http_server\.(internal_)?tls\b|mqtt\.tls\b)/;

export function differences(before: Settings, after: Settings): Differences {
  const isBehind = after.values["push.engine"] === "centrifugo";
  const live: string[] = [];
  const restart: string[] = [];
  const compare = (path: string, isLive: boolean, one: unknown, other: unknown): void => {
    if (isDeepStrictEqual(one, other)) return;
    (isLive && (!isBehind || liveBehindCentrifugo.test(path)) ? live : restart).push(path);
  };
  for (const [path, option] of Object.entries<Option<unknown>>(options)) {
    compare(path, option.live === true, before.values[path as OptionPath], after.values[path as OptionPath]);
  }
  compare("channel.namespaces", true, before.namespaces, after.namespaces);
  compare("rpc.namespaces", true, before.rpc.namespaces, after.rpc.namespaces);
  compare("proxies", true, before.proxies.named, after.proxies.named);
  // The text behind the path of a certificate may be another one; whether there is TLS at all is a key of its own.
  compare("http_server.tls", true, pemOf(before.tls), pemOf(after.tls));
  compare("http_server.internal_tls", true, pemOf(before.internalTls), pemOf(after.internalTls));
  compare("mqtt.tls", true, pemOf(before.mqttTls), pemOf(after.mqttTls));
  return { live, restart };
}

function pemOf(tls: TlsConfig | undefined): readonly string[] {
  return tls === undefined ? [] : [tls.certPem, tls.keyPem, tls.clientCaPem];
}
