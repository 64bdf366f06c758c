import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { CertificateFolder, openssl } from "../harness/certificates.ts";
import { API_KEY } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { Sdk } from "../harness/sdk.ts";
import { type Stack, startProduction } from "../harness/stack.ts";
import { bearerToken } from "../harness/tokens.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { curl, mosquitto, mosquittoPub, nginx, requirePath, skipReason } from "../parts/find.ts";

const skip = skipReason(openssl, curl, mosquitto, mosquittoPub, nginx, findCentrifugo({ build: false }));
let running: { readonly stack: Stack; readonly certificates: CertificateFolder } | undefined;
let client: Sdk | undefined;
after(async () => {
  await client?.end();
  await running?.stack.stop();
  running?.certificates.remove();
});

test("[TLS15] the real nginx ends TLS with the lines of the file we ship: WSS to Centrifugo, HTTPS to us, nothing plain", {
  skip,
}, async () => {
  const certificates = new CertificateFolder();
  const stack = await startProduction({ certificates });
  running = { stack, certificates };
  client = new Sdk({ url: stack.websocket, token: await bearerToken({ sub: "admin_user_01" }), caFile: stack.caFile });
  await client.connect();
  await client.subscribe("telemetry:VM-SH-001");
  mosquittoPublish(stack.mqttPort, "VM-SH-001", "vm/VM-SH-001/telemetry", '{"id":"VM-SH-001","system":{"voltage":224.2}}');
  assert.equal((await client.next("publication")).data.system.voltage, 224.2);

  const curled = (...args: readonly string[]): string =>
    spawnSync(requirePath(curl), ["-sS", "-i", "--cacert", certificates.ca, ...args], { encoding: "utf8", timeout: 15_000 }).stdout;
  const info = curled("-H", `Authorization: Token ${API_KEY}`, "-d", '{"method":"info","params":{}}', `${stack.base}/api`);
  assert.match(info, /^HTTP\/\S+ 200/);
  assert.match(info, /strict-transport-security: max-age=31536000/i);
  for (const path of ["/proxy/subscribe", "/metrics"]) assert.match(curled(`${stack.base}${path}`), /^HTTP\/\S+ 404/, path);
  assert.match(curled(stack.base.replace("https", "http")), /^HTTP\/\S+ 400/);
  const added = await stack.fleetcast.cli("user", "add", "ann", "--role", "viewer");
  const password = added.stdout.match(/password:? +(\S+)/i)?.[1];
  const login = curled("-H", "content-type: application/json", "-d", JSON.stringify({ name: "ann", password }), `${stack.base}/v1/session`);
  assert.match(login, /set-cookie: [^\r\n]*Secure/i, login);
});
