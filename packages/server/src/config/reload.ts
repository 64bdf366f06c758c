import { isDeepStrictEqual } from "node:util";
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

/** Of a real Centrifugo behind us only the keys of tokens concern this process; the rest is in its own file. */
const liveBehindCentrifugo = /^client\.(token|subscription_token)\./;

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
  // The text behind the path of a certificate may be another one.
  compare("http_server.tls", options["http_server.tls.cert_pem"].live === true, before.tls, after.tls);
  compare("http_server.internal_tls", options["http_server.internal_tls.cert_pem"].live === true, before.internalTls, after.internalTls);
  return { live, restart };
}
