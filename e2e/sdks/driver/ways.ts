import type { Fields } from "./program.ts";
import type { SdkName } from "./sdks.ts";

/** How one SDK reaches the server: by which transport, in which format. */
export interface Way {
  readonly sdk: SdkName;
  /** `js protobuf http_stream`: in the table, and after `--way`. */
  readonly name: string;
  readonly protobuf: boolean;
  readonly transport: Transport;
  address(port: number): Fields;
}

export type Transport = "websocket" | "http_stream" | "sse";

function way(sdk: SdkName, format: "json" | "protobuf", transport: Transport = "websocket"): Way {
  return {
    sdk,
    name: [sdk, format, ...(transport === "websocket" ? [] : [transport])].join(" "),
    protobuf: format === "protobuf",
    transport,
    address: (port) =>
      transport === "websocket"
        ? { url: `ws://127.0.0.1:${port}/connection/websocket` }
        : {
            transports: [{ transport, endpoint: `http://127.0.0.1:${port}/connection/${transport}` }],
            emulation: `http://127.0.0.1:${port}/emulation`,
          },
  };
}

export const ways: readonly Way[] = [
  way("js", "json"),
  way("js", "protobuf"),
  way("js", "json", "http_stream"),
  way("js", "protobuf", "http_stream"),
  way("js", "json", "sse"),
  way("go", "json"),
  way("go", "protobuf"),
  way("python", "json"),
  way("python", "protobuf"),
];
