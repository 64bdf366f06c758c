import { compileGlob } from "../../glob.ts";
import { isNetwork } from "../../outgoing/addresses.ts";
import type { Problem } from "../problems.ts";
import type { Gathered, Raw } from "../read/gather.ts";
import { type OptionPath, type OptionValues, options } from "../table/options.ts";
import { wrongValue } from "./judge.ts";
import { isRegex } from "./namespace-rules.ts";
import type { Channels } from "./namespaces.ts";

/** What only two keys together can get wrong (K4, K10). */
export function judgeTogether(values: OptionValues, channels: Channels, gathered: Gathered, problems: Problem[]): void {
  const refuse = (path: OptionPath, expected: string, value?: unknown): void => {
    const raw: Raw = gathered.values.get(path) ?? { value: values[path], source: "defaults" };
    problems.push(wrongValue(path, value === undefined ? raw : { ...raw, value }, options[path], expected));
  };
  if (values["client.ping_interval"] <= values["client.pong_timeout"])
    refuse("client.ping_interval", "must be longer than client.pong_timeout");
  for (const pattern of values["client.allowed_origins"] ?? []) {
    if (compileGlob(pattern.toLowerCase()) === undefined) refuse("client.allowed_origins", "is not a glob", pattern);
  }
  for (const section of ["client.token", "client.subscription_token"] as const) {
    for (const claim of ["audience", "issuer"] as const) {
      const pattern = values[`${section}.${claim}_regex`];
      if (pattern === "") continue;
      if (values[`${section}.${claim}`] !== "") refuse(`${section}.${claim}_regex`, `excludes ${section}.${claim}`);
      if (!isRegex(pattern)) refuse(`${section}.${claim}_regex`, "expected a regular expression in RE2 syntax");
    }
  }
  for (const network of values["server.private_networks"] ?? []) {
    if (!isNetwork(network)) refuse("server.private_networks", "expected networks such as 10.0.0.0/8 or fd00::/8", network);
  }
  judgePersonalChannel(values, channels, refuse);
  judgeDoors(values, refuse);
}

type Refuse = (path: OptionPath, expected: string) => void;

function judgePersonalChannel(values: OptionValues, channels: Channels, refuse: Refuse): void {
  const section = "client.subscribe_to_user_personal_channel";
  if (!values[`${section}.enabled`]) return;
  const name = values[`${section}.personal_channel_namespace`];
  const options = name === "" ? channels.withoutNamespace : channels.namespaces.get(name);
  if (options === undefined) refuse(`${section}.personal_channel_namespace`, "there is no such namespace");
  else if (values[`${section}.single_connection`] && !options.presence) {
    refuse(`${section}.single_connection`, `needs presence in ${name === "" ? "channel.without_namespace" : `namespace "${name}"`}`);
  }
}

function judgeDoors(values: OptionValues, refuse: Refuse): void {
  const doors = openDoors(values);
  const plainText = "plain text beyond this machine";
  const remedy =
    "switch TLS on (http_server.tls.enabled), state with server.tls_in_front (FLEETCAST_SERVER_TLS_IN_FRONT=true) that TLS ends in front, or leave the address empty";
  for (const { path, isPlain } of doors) if (isPlain && !values["server.tls_in_front"]) refuse(path, `${plainText}: ${remedy}`);
  judgeBrokerDoors(values, refuse);
  for (const path of insecurePaths) {
    if (values[path] && doors.length > 0 && !values["server.insecure_beyond_loopback"]) {
      refuse(path, "with an address beyond this machine needs server.insecure_beyond_loopback as well");
    }
  }
  const internalPort = values["http_server.internal_port"];
  if (internalPort !== 0 && internalPort === values["http_server.port"])
    refuse("http_server.internal_port", "must differ from http_server.port");
}

function judgeBrokerDoors(values: OptionValues, refuse: Refuse): void {
  const hasTls = values["mqtt.tls.enabled"];
  if (!values["mqtt.enabled"] || values["mqtt.broker"] !== "embedded") return;
  const isPlain = !(hasTls && values["mqtt.tls.only"]);
  if (isPlain && !isLoopback(values["mqtt.address"]) && !values["server.tls_in_front"]) {
    const remedy = "switch TLS on (mqtt.tls.address opens it alone, or mqtt.tls.only closes the plain port)";
    refuse(
      "mqtt.address",
      `plain MQTT beyond this machine: ${remedy}, state with server.tls_in_front that TLS ends in front, or leave the address empty`,
    );
  }
  if (!hasTls) {
    if (values["mqtt.tls.only"]) refuse("mqtt.tls.only", "needs mqtt.tls.enabled");
    return;
  }
  if (isPlain && values["mqtt.tls.port"] === values["mqtt.port"]) refuse("mqtt.tls.port", "must differ from mqtt.port");
}

export const insecurePaths = [
  "client.insecure",
  "client.insecure_skip_token_signature_verify",
  "http_api.insecure",
  "admin.insecure",
] as const;

/** HTTP addresses that others reach, and whether what they serve is plain text. The internal one counts where there is an internal port. */
function openDoors(values: OptionValues): { readonly path: OptionPath; readonly isPlain: boolean }[] {
  const tls = values["http_server.tls.enabled"];
  const internalTls = values["http_server.internal_tls.enabled"] || (tls && !values["http_server.tls_external"]);
  const external = values["http_server.address"];
  const doors: { readonly path: OptionPath; readonly isPlain: boolean; readonly address: string }[] = [
    { path: "http_server.address", isPlain: !tls, address: external },
  ];
  if (values["http_server.internal_port"] !== 0) {
    const address = values["http_server.internal_address"] || external;
    doors.push({ path: "http_server.internal_address", isPlain: !internalTls, address });
  }
  return doors.filter(({ address }) => !isLoopback(address));
}

/** An address that only this machine reaches. Empty stands for 127.0.0.1 and ::1. */
export function isLoopback(address: string): boolean {
  return address === "" || address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}
