import { bool, bytes, duration, int, string } from "../option.ts";
import { type Fields, objects, RuleBroken } from "../option-compound.ts";
import { refused, under, unneeded } from "../standing.ts";
import { path } from "./http-server.ts";
import { tlsOptions } from "./tls.ts";

/** What an error or disconnect code of a connect turns into, for `connect_code_to_http_response`. */
export interface ConnectCodeResponse {
  readonly code: number;
  readonly statusCode: number;
  readonly body: string;
}

/** A negative size is the default without a word, as in Centrifugo; the default may be "derived from another", which is 0. */
function sizeLimit(sentence: string, fallback = 65_536) {
  const option = bytes(fallback, { min: 128, max: 16_777_216 }, sentence);
  return { ...option, parse: (raw: unknown) => option.parse(/^-\d+$/.test(String(raw)) ? 0 : raw, {}) };
}

const goBuffers = "Bun has buffers of its own";

/** Both WebSocket endpoints have these. */
const socketOptions = {
  compression: bool(false, "Offers permessage-deflate."),
  compression_min_size: int(0, { min: 0, max: 16_777_216 }, "Messages above this many bytes are compressed."),
  compression_level: unneeded(int(1, { min: 1, max: 9 }, "How hard: 1 fast, 9 small."), "Bun compresses at one level"),
  read_buffer_size: unneeded(int(0, { min: 1, max: 16_777_216 }, "Size of the read buffer."), goBuffers),
  use_write_buffer_pool: unneeded(bool(false, "Shares write buffers."), goBuffers),
  write_buffer_size: unneeded(int(0, { min: 1, max: 16_777_216 }, "Size of the write buffer."), goBuffers),
  write_timeout: duration(1_000, "How long a client may take nothing of what it is sent before it is closed (3009)."),
  message_size_limit: sizeLimit("Largest message a client may send; a larger one closes with 1009."),
  decompressed_message_size_limit: sizeLimit("The same after inflating. Empty: ten times message_size_limit.", 0),
} as const;

/** Both streams that a POST body begins. */
const bodyLimit = { max_request_body_size: sizeLimit("Largest body of the request that begins it (413).") } as const;

const connectCodeToHttpResponse = under("connect_code_to_http_response", {
  enabled: bool(false, "Answers a failed connect with an HTTP status."),
  transforms: objects<ConnectCodeResponse>(
    "Status and body by code of the failure; a code that is not listed is 500.",
    connectCodeResponse,
  ),
});

export const transportOptions = {
  "websocket.disabled": bool(false, "Takes the WebSocket endpoint away."),
  "websocket.handler_prefix": string("/connection/websocket", "Path of the WebSocket endpoint.", path),
  ...under("websocket", socketOptions),
  ...under("http_stream", {
    enabled: bool(false, "Opens HTTP streaming, for clients without WebSocket."),
    handler_prefix: string("/connection/http_stream", "Its path.", path),
    ...bodyLimit,
  }),
  ...under("sse", {
    enabled: bool(false, "Opens Server-Sent Events, for clients without WebSocket."),
    handler_prefix: string("/connection/sse", "Its path.", path),
    ...bodyLimit,
  }),
  ...under("emulation", {
    handler_prefix: string("/emulation", "Path that takes the commands of both; open while one of them is.", path),
    max_request_body_size: sizeLimit("Largest body there (413)."),
  }),
  ...under("uni_websocket", {
    enabled: bool(false, "Opens a WebSocket that only listens."),
    handler_prefix: string("/connection/uni_websocket", "Its path.", path),
    ...socketOptions,
    disable_closing_handshake: bool(false, "Cuts the socket without a close frame."),
    disable_disconnect_push: bool(false, "Says a disconnect in the close frame only."),
    join_push_messages: bool(false, "Puts several pushes into one message."),
  }),
  ...under("uni_sse", {
    enabled: bool(false, "Opens Server-Sent Events that only listen."),
    handler_prefix: string("/connection/uni_sse", "Its path.", path),
    ...bodyLimit,
    ...connectCodeToHttpResponse,
  }),
  ...under("uni_http_stream", {
    enabled: bool(false, "Opens an HTTP stream that only listens."),
    handler_prefix: string("/connection/uni_http_stream", "Its path.", path),
    ...bodyLimit,
    ...connectCodeToHttpResponse,
  }),
  ...under("webtransport", {
    enabled: refused(bool(false, "WebTransport."), "clients use WebSocket; official SDKs fall back to it by themselves"),
    handler_prefix: string("/connection/webtransport", "Its path.", path),
    message_size_limit: sizeLimit("Largest message there."),
  }),
  ...under("uni_grpc", {
    enabled: refused(bool(false, "A gRPC stream that only listens."), "use uni_websocket, uni_sse or uni_http_stream", {
      values: [true],
      otherwise: "",
    }),
    address: string("", "Address it listens on."),
    port: int(11_000, { min: 1, max: 65_535 }, "Its port."),
    max_receive_message_size: bytes(0, { min: 1, max: 2_147_483_647 }, "Largest message it takes."),
    ...under("tls", tlsOptions),
  }),
  ...under("init", {
    enabled: bool(false, "Answers `{}` to a client that warms its connection up."),
    handler_prefix: string("/connection/init", "Its path.", path),
  }),
} as const;

function connectCodeResponse(item: Fields): ConnectCodeResponse {
  const to = item.object("to");
  const found = { code: item.integer("code"), statusCode: to?.integer("status_code") ?? 0, body: to?.text("body") ?? "" };
  if (found.code === 0) throw new RuleBroken(`${item.place} has no code`);
  if (found.statusCode < 100 || found.statusCode > 599) throw new RuleBroken(`${item.place}.to has no status_code from 100 to 599`);
  return found;
}
