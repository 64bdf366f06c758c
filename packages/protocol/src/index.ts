export * from "./codec.ts";
export * from "./command.ts";
export * from "./disconnect-code.ts";
export * from "./emulation.ts";
export * from "./error-code.ts";
export { applyDelta } from "./fossil/apply.ts";
export { createDelta } from "./fossil/create.ts";
export {
  isJsonObjectPayload,
  isJsonObjectPayload,
  isJsonPayload,
  isJsonPayload,
  jsonCodec,
  jsonCodec,
  oneWayJsonCodec,
  oneWayJsonCodec,
  oneWaySingleJsonCodec,
  utf8Length,
  utf8Length,
} from "./json/codec.ts";
export { isJson } from "./json/scan.ts";
export * from "./json/stream-codecs.ts";
export * from "./limits.ts";
export { protobufCodec } from "./protobuf/codec.ts";
export { decodeProtobufEmulation } from "./protobuf/decode.ts";
export * from "./push.ts";
export * from "./reply.ts";
export * from "./rest/index.ts";
export * from "./unsubscribe-code.ts";
export * from "./values.ts";
