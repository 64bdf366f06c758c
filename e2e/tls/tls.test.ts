import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import net from "node:net";
import { after, test } from "node:test";
import { CertificateFolder, openssl } from "../harness/certificates.ts";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { eventually, freePorts, sleep } from "../harness/process.ts";
import { Sdk } from "../harness/sdk.ts";
import { bearerToken } from "../harness/tokens.ts";
import { curl, mosquittoPub, requirePath, skipReason } from "../parts/find.ts";

/** HTTPS, WSS and MQTTS on real sockets, with clients that nobody here wrote, and what must not get in. */
const skip = skipReason(openssl, curl, mosquittoPub);
const certificates = skip === false ? new CertificateFolder() : undefined;
const [internalPort, mqttsPort] = (await freePorts(2)) as [number, number];
let running: Promise<Fleetcast> | undefined;
const clients: Sdk[] = [];
after(async () => {
  for (const client of clients) await client.end();
  await (await running)?.remove();
  certificates?.remove();
});

/** Everything at once: the internal port asks for certificates, machines may show one. */
function fleetcast(): Promise<Fleetcast> {
  const { section, ca, authority } = certificates!;
  running ??= (async () => {
    const made = await Fleetcast.prepare({
      ca: authority.ca,
      config: {
        http_server: { tls: section, internal_port: internalPort, internal_tls: { ...section, client_ca_pem: ca } },
        http_stream: { enabled: true },
        sse: { enabled: true },
        prometheus: { enabled: true },
        mqtt: { tls: { ...section, port: mqttsPort, client_ca_pem: ca, client_certificates: "optional" } },
      },
    });
    const process = made.spawn();
    await process.waitForOutput(/"msg":"ready"/, 20_000);
    spawned = process;
    return made;
  })();
  return running;
}
let spawned: ReturnType<Fleetcast["spawn"]> | undefined;

async function sdk(options: Partial<ConstructorParameters<typeof Sdk>[0]> = {}): Promise<Sdk> {
  const { websocket } = await fleetcast();
  const client = new Sdk({ url: websocket, token: await bearerToken({ sub: "admin_user_01" }), caFile: certificates!.ca, ...options });
  clients.push(client);
  return client;
}

function curled(...args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const result = spawnSync(requirePath(curl), ["-sS", "--max-time", "10", ...args], { encoding: "utf8" });
  return { code: result.status, text: `${result.stdout}${result.stderr}` };
}

const backend = (): string[] => {
  const { cert, key } = certificates!.files("backend", certificates!.authority.certificate({ commonName: "backend" }));
  return ["--cacert", certificates!.ca, "--cert", cert, "--key", key];
};

const told = (pattern: RegExp): Promise<unknown> => eventually(String(pattern), 10_000, () => pattern.test(spawned!.output));

test("[TLS1] the official client over WSS, HTTP streaming and SSE, in both formats", { skip }, async () => {
  const { base } = await fleetcast();
  const emulation = (transport: string) => ({ transports: [{ transport, endpoint: `${base}/connection/${transport}` }] });
  const ways = [{}, { protobuf: true }, emulation("http_stream"), emulation("sse")];
  const all = await Promise.all(ways.map((way) => sdk({ ...way, client: { emulationEndpoint: `${base}/emulation` } })));
  for (const client of all) {
    await client.connect();
    await client.subscribe("telemetry:VM-SH-001");
  }
  mosquittoPublish(mqttsPort, "VM-SH-001", "vm/VM-SH-001/telemetry", '{"id":"VM-SH-001","system":{"voltage":224.2}}', {
    caFile: certificates!.ca,
  });
  for (const client of all) assert.equal((await client.next("publication")).data.system.voltage, 224.2);
});

test("[TLS1] [TLS5] which port answers what, and to whom", { skip }, async () => {
  const { httpPort } = await fleetcast();
  const [external, internal] = [`https://localhost:${httpPort}`, `https://localhost:${internalPort}`];
  const trusting = ["--cacert", certificates!.ca];
  const status = (...args: readonly string[]): string => curled("-o", "/dev/null", "-w", "%{http_code}", ...args).text;
  const info = ["-H", `X-API-Key: ${API_KEY}`, "-d", "{}"];
  for (const path of ["/", "/v1/try"]) assert.equal(status(...trusting, `${external}${path}`), "200", path);
  assert.equal(status(...trusting, `${external}/connection/websocket`), "400", "no upgrade");
  for (const path of ["/api/info", "/health", "/livez", "/readyz", "/admin/v1/users", "/proxy/subscribe", "/metrics"]) {
    assert.equal(status(...trusting, ...info, `${external}${path}`), "404", path);
  }
  for (const path of ["/health", "/livez", "/readyz"]) assert.equal(status(...backend(), `${internal}${path}`), "200", path);
  assert.equal(status(...backend(), ...info, `${internal}/api/info`), "200");
  const metrics = curled(...backend(), `${internal}/metrics`).text;
  for (const listener of ["http", "internal", "mqtt"]) {
    const [, end] =
      metrics.match(new RegExp(`^fleetcast_certificate_expiry_timestamp_seconds\\{listener="${listener}"\\} (\\S+)$`, "m")) ?? [];
    const days = (Number(end) - Date.now() / 1_000) / 86_400;
    assert.ok(days > 29 && days <= 30, `${listener}: ${end}`);
  }
  assert.equal(status(...backend(), "-d", "{}", `${internal}/admin/v1/users`), "401");
  for (const path of ["/", "/v1/try", "/connection/websocket"]) assert.equal(status(...backend(), `${internal}${path}`), "404", path);

  assert.notEqual(curled(...trusting, `${internal}/health`).code, 0, "without a certificate");
  const stranger = new CertificateFolder();
  try {
    const { cert, key } = stranger.files("backend", stranger.authority.certificate({ commonName: "backend" }));
    assert.notEqual(curled(...trusting, "--cert", cert, "--key", key, `${internal}/health`).code, 0, "another authority's");
  } finally {
    stranger.remove();
  }
  assert.match(curled(`${external}/`).text, /certificate/, "curl does not know our authority");
});

test("[TLS5] the commands reach a server whose internal port asks for certificates; doctor and checkconfig show their ends", {
  skip,
}, async () => {
  const fc = await fleetcast();
  const added = await fc.cli("user", "add", "ann", "--role", "viewer");
  assert.equal(added.code, 0, added.output);
  const ready = await fc.cli("ready");
  assert.match(ready.stdout, /"status":"ready"/, ready.output);
  const doctor = await fc.cli("doctor");
  assert.equal(
    doctor.output.match(/ok +certificate +(http_server\.tls|http_server\.internal_tls|mqtt\.tls): .* is good until/g)?.length,
    3,
    doctor.output,
  );
  assert.match(doctor.output, /MQTTS port +\d+ is held by the running server/);
  const checked = await fc.cli("checkconfig");
  assert.match(checked.stdout, /mqtt\.tls: the certificate of CN=localhost is good until/, checked.output);
});

test("[TLS10] [TLS11] [TLS12] mosquitto_pub with a machine's certificate, with a password, and with what must not pass", {
  skip,
}, async () => {
  const fc = await fleetcast();
  const client = await sdk();
  await client.connect();
  await client.subscribe("telemetry:VM-C-1");
  const caFile = certificates!.ca;
  const message = (n: number): string => `{"id":"VM-C-1","system":{"voltage":${n}}}`;
  const topic = "vm/VM-C-1/telemetry";
  const shown = ({ cert, key }: { cert: string; key: string }) => ({ caFile, certFile: cert, keyFile: key });
  mosquittoPublish(mqttsPort, "VM-C-1", topic, message(1), shown(certificates!.machine("VM-C-1")));
  assert.equal((await client.next("publication")).data.system.voltage, 1);

  const added = await fc.cli("machine", "add", "VM-C-1");
  const password = added.stdout.match(/password: (\S+)/)?.[1] ?? "";
  assert.throws(() => mosquittoPublish(mqttsPort, "VM-C-1", topic, message(2), { caFile }), /not authori|bad user name/i);
  mosquittoPublish(mqttsPort, "VM-C-1", topic, message(3), { caFile, password });
  assert.equal((await client.next("publication")).data.system.voltage, 3);
  mosquittoPublish(mqttsPort, "VM-C-1", topic, message(4), shown(certificates!.machine("VM-C-1")));
  assert.equal((await client.next("publication")).data.system.voltage, 4, "its certificate is enough");

  const refused = (name: string, tls: Parameters<typeof mosquittoPublish>[4]): void =>
    assert.throws(() => mosquittoPublish(mqttsPort, name, topic, message(9), tls), name);
  refused("VM-C-1", shown(certificates!.machine("VM-C-2")));
  await told(/certificate_of_another_machine/);
  refused("VM-C-1", shown(certificates!.machine("VM-C-1", -1)));
  await told(/certificate_expired/);
  const stranger = new CertificateFolder();
  refused("VM-C-1", shown(certificates!.files("stranger", stranger.authority.certificate({ commonName: "VM-C-1" }))));
  stranger.remove();
  await told(/certificate_of_unknown_authority/);

  const blocked = await fc.cli("machine", "block", "VM-C-1");
  assert.equal(blocked.code, 0, blocked.output);
  refused("VM-C-1", shown(certificates!.machine("VM-C-1")));
  await fc.cli("machine", "unblock", "VM-C-1");
  mosquittoPublish(mqttsPort, "VM-C-1", topic, message(5), shown(certificates!.machine("VM-C-1")));
  assert.equal((await client.next("publication")).data.system.voltage, 5);
});

test("[TLS6] [TLS8] old versions, plain text to TLS, TLS to plain text, a wish to renegotiate: refused, nobody else notices", {
  skip,
}, async () => {
  const { httpPort, mqttPort } = await fleetcast();
  assert.notEqual(curled(`http://localhost:${httpPort}/`).code, 0, "plain HTTP to the TLS port");
  assert.notEqual(curled("-k", `https://localhost:${mqttPort}/`).code, 0, "TLS to the plain port");
  assert.throws(() => mosquittoPublish(mqttsPort, "VM-SH-001", "vm/VM-SH-001/telemetry", "{}"), "plain MQTT to the TLS port");
  const s_client = (port: number, ...args: readonly string[]) =>
    spawnSync("openssl", ["s_client", "-connect", `localhost:${port}`, "-CAfile", certificates!.ca, ...args], {
      input: "",
      encoding: "utf8",
      timeout: 15_000,
    });
  for (const port of [httpPort, mqttsPort]) {
    for (const version of ["-tls1", "-tls1_1"]) {
      const result = s_client(port, version, "-cipher", "ALL:@SECLEVEL=0");
      assert.match(`${result.stdout}${result.stderr}`, /alert protocol version|no protocols available|unsupported protocol/, version);
    }
    for (const version of ["-tls1_2", "-tls1_3"]) assert.match(s_client(port, version).stdout, /Verify return code: 0 \(ok\)/, version);
    const again = spawn("openssl", ["s_client", "-connect", `localhost:${port}`, "-tls1_2", "-CAfile", certificates!.ca]);
    let output = "";
    again.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    again.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually("a handshake", 10_000, () => output.includes("Verify return code"));
    again.stdin.write("R\n");
    await eventually("no renegotiation", 10_000, () => /RENEGOTIATING[\s\S]*(no renegotiation|alert|error|closed)/i.test(output));
    again.kill("SIGKILL");
  }
});

test("[TLS8] 1,000 half-open handshakes on both ports: others are served meanwhile, and they end", { skip }, async () => {
  const fc = await fleetcast();
  const client = await sdk();
  await client.connect();
  await client.subscribe("telemetry:VM-H-1");
  let open = 0;
  const hello = Buffer.from("16030100c8010000c40303", "hex");
  for (let count = 0; count < 1_000; count += 1) {
    const socket = net.connect({ port: count % 2 === 0 ? fc.httpPort : mqttsPort, host: "127.0.0.1" }, () => {
      open += 1;
      if (count % 4 < 2) socket.write(hello);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open -= 1;
    });
    socket.resume();
  }
  await eventually("all are open", 10_000, () => open === 1_000);
  const startedMs = performance.now();
  for (let n = 1; n <= 10; n += 1) {
    mosquittoPublish(mqttsPort, "VM-H-1", "vm/VM-H-1/telemetry", `{"id":"VM-H-1","system":{"voltage":${n}}}`, { caFile: certificates!.ca });
    assert.equal((await client.next("publication")).data.system.voltage, n);
    assert.equal((await fetch(`${fc.base}/v1/try`, fc.trust)).status, 200);
  }
  assert.ok(performance.now() - startedMs < 10_000, `${performance.now() - startedMs} ms`);
  await eventually("they end", 20_000, () => open === 0);
  assert.equal(client.events.filter(({ event }) => event === "connecting").length, 1, "nobody was disconnected");
  await sleep(1);
});
