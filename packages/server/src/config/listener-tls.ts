import type { MqttTlsConfig, TlsConfig } from "./config.ts";
import { checkListenerTls, readTls } from "./judge/pem.ts";
import { ConfigError, type Problem } from "./problems.ts";
import { listenerTlsOptions } from "./table/options/tls.ts";
import type { OptionValues } from "./table/options.ts";
import { slice } from "./table/slice.ts";

/** What our listeners need for TLS; undefined where one has none. */
export interface ListenerTls {
  readonly tls: TlsConfig | undefined;
  readonly internalTls: TlsConfig | undefined;
  readonly mqttTls: MqttTlsConfig | undefined;
}

interface Context {
  /** The working folder: relative paths are relative to it. */
  readonly folder: string;
  readonly sourceOf: (path: string) => string;
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** Reads the certificates of all listeners and judges them; what is wrong goes to `problems`. */
export function readListenerTls(values: OptionValues, context: Context): ListenerTls {
  const http = (section: "http_server.tls" | "http_server.internal_tls") =>
    judged(slice(values, section, listenerTlsOptions), section, context);
  return { tls: http("http_server.tls"), internalTls: http("http_server.internal_tls"), mqttTls: mqttTls(values, context) };
}

/**
 * The same once more from the files as they are now, by the keys that were judged at the start.
 * @throws ConfigError
 */
export function readListenerTlsAgain(values: OptionValues, folder: string): ListenerTls {
  const problems: Problem[] = [];
  const read = readListenerTls(values, { folder, sourceOf: () => "certificates", problems, warnings: [] });
  if (problems.length > 0) throw new ConfigError(problems);
  return read;
}

function mqttTls(values: OptionValues, context: Context): MqttTlsConfig | undefined {
  if (!values["mqtt.enabled"] || values["mqtt.broker"] !== "embedded") return undefined;
  const section = "mqtt.tls";
  const written = {
    enabled: values["mqtt.tls.enabled"],
    cert_pem: values["mqtt.tls.cert_pem"],
    key_pem: values["mqtt.tls.key_pem"],
    client_ca_pem: values["mqtt.tls.client_ca_pem"],
    server_ca_pem: "",
    insecure_skip_verify: false,
    server_name: "",
  };
  const tls = judged(written, section, context);
  if (tls === undefined) return undefined;
  return {
    ...tls,
    address: values["mqtt.tls.address"] || values["mqtt.address"],
    port: values["mqtt.tls.port"],
    only: values["mqtt.tls.only"],
    clientCertificates: tls.clientCaPem === "" ? "off" : values["mqtt.tls.client_certificates"],
  };
}

function judged(
  values: Parameters<typeof readTls>[0],
  section: string,
  { folder, sourceOf, problems, warnings }: Context,
): TlsConfig | undefined {
  const source = sourceOf(`${section}.enabled`);
  const found: Problem[] = [];
  const tls = readTls(values, section, source, folder, { problems: found, warnings });
  // What could not be read is no second mistake for being missing.
  if (found.length === 0) checkListenerTls(tls, section, source, found);
  problems.push(...found);
  return tls;
}
