import type { StatusTransform } from "../../config.ts";
import { bool, duration, list, string } from "../option.ts";
import { type Fields, objects, RuleBroken, stringMap } from "../option-compound.ts";
import { partOf, under } from "../standing.ts";
import { tlsOptions } from "./tls.ts";

/** A reason must fit into a close frame. */
const reasonBytesMax = 123;

/** A backend that is asked, wherever Centrifugo has one: `client.proxy.*`, `channel.proxy.*`, `rpc.proxy`, each of `proxies`. */
export const proxyOptions = {
  endpoint: string("", "Address of the backend, `http://` or `https://`."),
  timeout: duration(1_000, "How long its answer may take."),
  http_headers: list([], "Headers of the client's request that are passed on."),
  emulated_headers: list([], "Headers of the client's connect command that are passed on."),
  binary_encoding: bool(false, "Passes data as base64 instead of JSON."),
  include_connection_meta: bool(false, "Passes the connection's `meta` on."),
  ...under("http.tls", tlsOptions),
  "http.static_headers": stringMap("Headers that every request carries."),
  "http.status_to_code_transforms": objects("What a status of the answer other than 200 means to the client.", statusTransform),
  ...partOf("a gRPC endpoint", {
    grpc_metadata: list([], "Metadata of the client's request that is passed on."),
    ...under("grpc.tls", tlsOptions),
    "grpc.credentials_key": string("", "Name of the metadata that proves who asks."),
    "grpc.credentials_value": { ...string("", "Its value."), kind: "secret" as const },
    "grpc.compression": bool(false, "Compresses requests."),
    "grpc.static_metadata": stringMap("Metadata that every request carries."),
  }),
} as const;

function statusTransform(item: Fields): StatusTransform {
  const statusCode = item.integer("status_code");
  const error = item.object("to_error");
  const disconnect = item.object("to_disconnect");
  const errorCode = error?.integer("code") ?? 0;
  const disconnectCode = disconnect?.integer("code") ?? 0;
  if (statusCode === 0) throw new RuleBroken(`${item.place} has no status_code`);
  if (errorCode > 0 === disconnectCode > 0)
    throw new RuleBroken(`${item.place} needs a code in to_error or in to_disconnect, in one of them`);
  const text = error !== undefined && errorCode > 0 ? error.text("message") : (disconnect?.text("reason") ?? "");
  checkReason(text, item.place);
  if (errorCode > 0) {
    return { statusCode, to: { kind: "error", code: errorCode, message: text, temporary: error?.boolean("temporary") ?? false } };
  }
  return { statusCode, to: { kind: "disconnect", code: disconnectCode, reason: text } };
}

/** @throws RuleBroken */
export function checkReason(text: string, place: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is the rule.
  if (!/^[\x00-\x7f]*$/.test(text)) throw new RuleBroken(`${place} has a text that is not ASCII`);
  if (text.length > reasonBytesMax) throw new RuleBroken(`${place} has a text of more than ${reasonBytesMax} bytes`);
}
