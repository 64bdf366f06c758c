import assert from "node:assert/strict";
import { test } from "node:test";
import { Fields } from "../raw-json/fields.ts";
import { forwardedApi } from "./forward.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("[SP41] behind a real Centrifugo a shared poll's value goes through as it stands, bytes that are no JSON as base64", async () => {
  const said: unknown[] = [];
  const api = forwardedApi(async (method, body) => {
    said.push([method, typeof body === "string" ? body : new TextDecoder().decode(body)]);
    return Fields.ofDocument(bytes("{}"));
  });
  await api.sharedPollPublish({ channel: "c", key: "k", version: 3, epoch: "e", data: bytes('{"n": 1}') });
  await api.sharedPollPublish({ channel: "c", key: "k", version: 4, data: Uint8Array.of(0, 1) });
  assert.deepEqual(said, [
    ["shared_poll_publish", '{"channel":"c","key":"k","version":3,"epoch":"e","data":{"n": 1}}'],
    ["shared_poll_publish", '{"channel":"c","key":"k","version":4,"b64data":"AAE="}'],
  ]);
  await assert.rejects(api.sharedPollPublish({ channel: "c", key: "k", version: 4, data: undefined }), { code: 107 });
});
