import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient } from "../harness/stream-client.ts";

const { group, rule } = conformance({
  name: "origins",
  title: "Allowed origins",
  about: "Patterns of `client.allowed_origins`, and what they let in.",
  config: {
    ...transports,
    client: {
      ...transports["client"],
      allowed_origins: [
        "https://one.example",
        "https://*.Wild.example",
        "http://{red,green}.example:80?0",
        "https://[a-c]x.example",
        "https://[!a-c]y.example",
        "https://[pq]z.example",
        "app://**",
        "https://dot.exam\\*ple",
        "https://+(plus).example",
        "!https://not.example",
        "https://@(at|or).example",
      ],
    },
  },
});

const cases: readonly (readonly [origin: string, isAllowed: boolean])[] = [
  ["https://one.example", true],
  ["HTTPS://ONE.EXAMPLE", true],
  ["http://one.example", false],
  ["https://one.example:443", false],
  ["https://one.example/", false],
  ["https://one.example.evil", false],
  ["xhttps://one.example", false],
  ["https://a.wild.example", true],
  ["https://a.b.wild.example", true],
  ["https://A.WILD.example", true],
  ["https://.wild.example", true],
  ["https://wild.example", false],
  ["https://evil/x.wild.example", true],
  ["https://a.wildXexample", false],
  ["http://red.example:8000", true],
  ["http://green.example:8080", true],
  ["http://blue.example:8080", false],
  ["http://red.example:8010", true],
  ["http://red.example:800", false],
  ["http://red.example:8011", false],
  ["https://ax.example", true],
  ["https://cx.example", true],
  ["https://dx.example", false],
  ["https://x.example", false],
  ["https://dy.example", true],
  ["https://ay.example", false],
  ["https://pz.example", true],
  ["https://qz.example", true],
  ["https://rz.example", false],
  ["app://anything/at/all", true],
  ["app://", true],
  ["app:/", false],
  ["https://dot.exam*ple", true],
  ["https://dot.examXple", false],
  ["https://plus.example", false],
  ["https://+(plus).example", true],
  ["https://not.example", false],
  ["https://other.example", false],
  ["!https://not.example", true],
  ["https://at.example", false],
  ["https://@(at|or).example", true],
  ["null", false],
  ["*", false],
  ["https://*.wild.example", true],
];

for (const [number, [origin, isAllowed]] of cases.entries()) {
  rule(`[TR60.${number + 200}] ${origin}: ${isAllowed ? "allowed" : "foreign"}`, { formats: ["http"] }, async (side: Side) => {
    const opened = await side.open({ headers: { Origin: origin } }).then(
      () => true,
      () => false,
    );
    assert.equal(opened, isAllowed, "WebSocket");
    const stream = await StreamClient.open(side, "http_stream", { body: '{"id":1,"connect":{}}', headers: { Origin: origin } });
    assert.ok(stream instanceof StreamClient);
    assert.equal(stream.head.headers.get("access-control-allow-origin"), isAllowed ? origin : undefined, "HTTP streaming");
  });
}

export default group;
