import type { ConfigFile } from "../harness/rule.ts";
import { standard } from "./standard.ts";

/** Every transport that both servers have, on the namespaces of the standard configuration. */
export const transports: ConfigFile = {
  ...standard,
  client: { ...standard["client"], stale_close_delay: "1500ms", connect_include_server_time: false },
  http_stream: { enabled: true },
  sse: { enabled: true },
  uni_websocket: { enabled: true },
  uni_sse: { enabled: true },
  uni_http_stream: { enabled: true },
  init: { enabled: true },
};

/** The same with pings short enough to wait for. */
export const pingedTransports: ConfigFile = {
  ...transports,
  client: { ...transports["client"], ping_interval: "1s", pong_timeout: "400ms" },
};
