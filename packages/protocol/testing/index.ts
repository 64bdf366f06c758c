export * from "./independent-protobuf.ts";
export * as raw from "./raw-protobuf.ts";
