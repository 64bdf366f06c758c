import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Fleetcast } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { Sdk } from "../harness/sdk.ts";
import { bearerToken } from "../harness/tokens.ts";
import { mosquittoPub, skipReason } from "../parts/find.ts";

let server: Fleetcast | undefined;
after(() => server?.remove());

const telemetry = (n: number) => ({
  id: "VM-SH-001",
  system: { voltage: 220 + n / 10, door_closed: n % 2 === 0 },
  environment: { temps: [-18.5, -18.2, -18.4] },
  ts: `2026-01-26T14:50:${String(n).padStart(2, "0")}Z`,
});

test("[DL9] [DL11] [P1] telemetry as patches: what a machine says reaches the official client whole, also over a killed server", {
  skip: skipReason(mosquittoPub),
}, async () => {
  server = await Fleetcast.started({
    config: {
      channel: {
        namespaces: [
          {
            name: "telemetry",
            history_size: 10,
            history_ttl: "24h",
            force_recovery: true,
            allow_subscribe_for_client: true,
            allowed_delta_types: ["fossil"],
            delta_publish: true,
          },
        ],
      },
      push: { channels: { telemetry: { journal: true } } },
    },
  });
  const { mqttPort } = server;
  const say = (n: number) => mosquittoPublish(mqttPort, "VM-SH-001", "vm/VM-SH-001/telemetry", JSON.stringify(telemetry(n)));
  const sdk = new Sdk({ url: server.websocket, token: await bearerToken({ sub: "ann" }) });
  await sdk.connect();
  await sdk.subscribe("telemetry:VM-SH-001", { delta: "fossil" });
  for (let n = 1; n <= 4; n++) say(n);
  for (let n = 1; n <= 4; n++) assert.deepEqual((await sdk.next("publication")).data, telemetry(n));
  await server.kill();
  await sdk.next("connecting");
  await server.start();
  await sdk.next("connected", undefined, 20_000);
  for (let n = 5; n <= 8; n++) say(n);
  for (let n = 5; n <= 8; n++) assert.deepEqual((await sdk.next("publication", undefined, 20_000)).data, telemetry(n));
  const offsets = sdk.publications("telemetry:VM-SH-001").map(({ offset }) => offset);
  assert.deepEqual(offsets, [1, 2, 3, 4, 5, 6, 7, 8]);
  await sdk.end();
});
