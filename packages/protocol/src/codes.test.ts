import assert from "node:assert/strict";
import { test } from "node:test";
import { disconnectReasonBytesMax, disconnects } from "./disconnect-code.ts";
import { apiErrors, clientErrors } from "./error-code.ts";
import { unsubscribes } from "./unsubscribe-code.ts";

test("[PR7] codes and texts are what official clients know", () => {
  const line = ({ code, message, temporary }: { code: number; message: string; temporary: boolean }) =>
    `${code} ${message}${temporary ? " *" : ""}`;
  assert.deepEqual(Object.values(clientErrors).map(line), [
    "100 internal server error *",
    "101 unauthorized",
    "102 unknown channel",
    "103 permission denied",
    "104 method not found",
    "105 already subscribed",
    "106 limit exceeded",
    "107 bad request",
    "108 not available",
    "109 token expired",
    "110 expired",
    "111 too many requests *",
    "112 unrecoverable position",
    "113 concurrent pagination *",
  ]);
  assert.deepEqual(
    Object.values(disconnects).map(({ code, reason }) => `${code} ${reason}`),
    [
      "3000 connection closed",
      "3001 shutdown",
      "3004 internal server error",
      "3005 connection expired",
      "3006 subscription expired",
      "3008 slow",
      "3009 write error",
      "3010 insufficient state",
      "3011 force reconnect",
      "3012 no pong",
      "3013 too many requests",
      "3014 state invalidated",
      "3500 invalid token",
      "3501 bad request",
      "3502 stale",
      "3503 force disconnect",
      "3504 connection limit",
      "3505 channel limit",
      "3506 inappropriate protocol",
      "3507 permission denied",
      "3508 not available",
      "3509 too many errors",
    ],
  );
  assert.deepEqual(
    Object.values(unsubscribes).map(({ code, reason }) => `${code} ${reason}`),
    ["2000 server unsubscribe", "2500 insufficient state", "2501 subscription expired", "2502 state invalidated"],
  );
  assert.deepEqual(
    Object.values(apiErrors).map(({ code, message, status }) => `${code} ${message} ${status}`),
    [
      "100 internal server error 500",
      "102 unknown channel 404",
      "104 not found 404",
      "107 bad request 400",
      "108 not available 400",
      "112 unrecoverable position 416",
      "113 conflict 409",
    ],
  );
});

test("[PR7] every reason is short ASCII: it fits a close frame, and clients obey a terminal code only with a reason", () => {
  for (const { reason } of Object.values(disconnects)) assert.match(reason, new RegExp(`^[ -~]{1,${disconnectReasonBytesMax}}$`));
});
