export * as arbitrary from "./arbitraries.ts";
export * from "./fuzz-seeds.ts";
export * from "./independent-protobuf.ts";
export * from "./mutator.ts";
export * as raw from "./raw-protobuf.ts";
