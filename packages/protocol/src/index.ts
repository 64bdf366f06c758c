export * from "./rest/index.ts";
export * from "./values.ts";
