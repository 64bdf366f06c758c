/** How a connection reached us: what the engine, proxies and metrics want to know of its socket. */
export interface TransportInfo {
  readonly transport: "websocket" | "http_stream" | "sse" | "uni_websocket" | "uni_sse" | "uni_http_stream";
  readonly protocol: "json" | "protobuf";
  /** One-way: bare pushes, a connect request and no commands. */
  readonly oneWay: boolean;
  /** The client's commands come by `/emulation`, hence the connect reply tells session and node. */
  readonly emulated: boolean;
  /** The transport has no close frame (or has one and wants both): the reason also travels as a push. */
  readonly disconnectPush: boolean;
  /**
   * One-way streams that answer a failed connect with an HTTP status: `close` is then called with the very code of the error or
   * disconnect and its text, and nothing is sent before. Absent: one-way clients hear disconnects.
   */
  readonly tellsConnectFailures?: boolean;
  /** `native`: the socket's own ping frames keep it alive (`cf_ws_frame_ping_pong`), and no protocol pings are sent. */
  readonly pings: "protocol" | "native";
  /** False: every message in a frame of its own (`uni_websocket` without `join_push_messages`). Absent: joined. */
  readonly joinsMessages?: boolean;
  readonly remoteAddress: string;
  /** Headers of the HTTP request that opened it, names in lower case; only those that a proxy may forward. */
  readonly headers: ReadonlyMap<string, string>;
  /** `client.user_id_http_header` of that request: a user id that something in front of us vouches for. */
  readonly headerUser: string | undefined;
}
