import assert from "node:assert/strict";
import { test } from "node:test";
import { messageType } from "../../testing/index.ts";
import { shapes } from "./shapes.ts";

test("[PR11] the fields of requests are those of client.proto: names, numbers, and what stands there", () => {
  for (const [name, { byName }] of Object.entries(shapes)) {
    const inProto = messageType(name).fieldsArray.map((field) => [
      field.name,
      field.id,
      field.map ? "map" : field.repeated ? "list" : field.type === "bytes" ? "payload" : "value",
    ]);
    const ours = [...byName].map(([field, { number, kind }]) => [field, number, kind]);
    assert.deepEqual(ours, inProto, name);
  }
});
