import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../harness/fleetcast.ts";
import { eventually } from "../harness/process.ts";
import { Sdk } from "../harness/sdk.ts";
import { bearerToken } from "../harness/tokens.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { curl, mosquitto, mosquittoPub, nginx, redisServer, requirePath } from "../parts/find.ts";
import { readCompose, readVariables } from "./compose-file.ts";
import { ComposeServices, type Image } from "./compose-services.ts";

/**
 * `compose-check.ts EXECUTABLE`: starts every service of deploy/compose/compose.yaml as its user would and uses the stack
 * from outside. Runs in a network namespace of its own (compose.test.ts), because the ports are the real ones.
 */
const executable = process.argv[2]!;
const folder = mkdtempSync(join(tmpdir(), "fleetcast-compose-"));
const compose = join(folder, "deploy", "compose");
cpSync(join(root, "deploy"), join(folder, "deploy"), { recursive: true });

const plain = { entrypoint: [], user: "0:0", workdir: "/", environment: {}, owned: [] };
const images: Record<string, Image> = {
  "eclipse-mosquitto": { ...plain, command: [], files: { "/usr/sbin/mosquitto": requirePath(mosquitto) } },
  redis: { ...plain, command: [], workdir: "/data", files: { "/usr/local/bin/redis-server": requirePath(redisServer) } },
  "centrifugo/centrifugo": { ...plain, command: [], files: { "/usr/local/bin/centrifugo": requirePath(findCentrifugo({ build: false })) } },
  nginx: { ...plain, command: [requirePath(nginx), "-g", "daemon off;"], files: {} },
  fleetcast: fleetcastImage(),
};

/** What the Dockerfile says of the image, so that the two cannot part. */
function fleetcastImage(): Image {
  const text = readFileSync(join(root, "deploy", "docker", "Dockerfile"), "utf8").replaceAll("\\\n", "");
  const last = text.slice(text.lastIndexOf("\nFROM "));
  const all = (word: string): string[] => [...last.matchAll(new RegExp(`^${word} +(.*)$`, "gm"))].map((match) => match[1]!);
  const environment = all("ENV").flatMap((line) => [...line.matchAll(/(\w+)=(\S+)/g)].map((pair) => [pair[1], pair[2]]));
  return {
    entrypoint: JSON.parse(all("ENTRYPOINT")[0]!) as string[],
    command: JSON.parse(all("CMD")[0]!) as string[],
    user: all("USER")[0]!,
    workdir: all("WORKDIR")[0]!,
    environment: Object.fromEntries(environment) as Record<string, string>,
    files: { "/usr/local/bin/fleetcast": executable },
    owned: all("COPY").flatMap((line) => (line.includes("--chown") ? [line.split(" ").at(-1)!] : [])),
  };
}

function ran(command: string, args: readonly string[], cwd = compose): string {
  const result = spawnSync(command, [...args], { cwd, encoding: "utf8", timeout: 20_000 });
  assert.equal(result.status, 0, `${command} ${args.join(" ")}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

const done = (what: string): boolean => process.stdout.write(`ok ${what}\n`);

ran("sh", ["prepare.sh"]);
assert.match(ran("sh", ["prepare.sh"]), /^$/, "a second call keeps what is there");
const variables = readVariables(join(compose, ".env"));
const services = new ComposeServices(
  readCompose(join(compose, "compose.yaml"), variables),
  compose,
  join(folder, "run"),
  (name) => images[name.replace(/:.*/, "")]!,
);
const certificate = join(compose, "certs", "fullchain.pem");
const api = async (method: string, params: unknown): Promise<{ readonly result?: Record<string, unknown> }> => {
  const body = JSON.stringify({ method, params });
  const key = `Authorization: Token ${variables["FLEETCAST_HTTP_API_KEY"]}`;
  const args = ["-sS", "--cacert", certificate, "-H", key, "-d", body, "https://localhost/api"];
  return JSON.parse(ran(requirePath(curl), args)) as { readonly result?: Record<string, unknown> };
};

try {
  for (const name of ["nginx", "mosquitto", "fleetcast", "centrifugo", "centrifugo-2"]) await services.start(name);
  await eventually("the stack is ready behind nginx", 60_000, async () => {
    for (const name of ["nginx", "mosquitto", "fleetcast", "centrifugo", "centrifugo-2", "redis"]) {
      const process = services.process(name);
      assert.ok(process.running, `${name}: ${process.output}`);
    }
    return await fetch(`http://${services.address("fleetcast")}:9002/readyz`).then(
      async (answer) => ((await answer.json()) as { intake?: boolean }).intake === true && answer.status === 200,
      () => false,
    );
  });
  done("mosquitto, redis, two Centrifugo nodes, Fleetcast and nginx run with the files and users of compose.yaml");

  assert.match(ran(requirePath(curl), ["-sS", "--cacert", certificate, "https://localhost/"]), /<html/i);
  assert.match(ran(requirePath(curl), ["-sSI", "http://localhost/x"]), /308[\s\S]*location: https:\/\/localhost\/x/i);
  for (const path of ["/proxy/centrifugo/subscribe", "/readyz", "/metrics", "/admin/v1/users"]) {
    const status = ran(requirePath(curl), [
      "-sS",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      "--cacert",
      certificate,
      `https://localhost${path}`,
    ]);
    assert.equal(status, "404", path);
  }
  done("nginx serves the dashboard over TLS, sends http there, and shows nothing internal");

  const nodes = (await api("info", {})).result?.["nodes"] as { name: string }[];
  assert.deepEqual(nodes.map((node) => node.name).sort(), ["centrifugo-1", "centrifugo-2"]);
  done("both Centrifugo nodes are one cluster");

  const passwd = join(folder, "run", "volumes", "mosquitto", "passwd");
  ran("mosquitto_passwd", ["-b", passwd, "VM-SH-001", "machine-password"]);
  services.process("mosquitto").child.kill("SIGHUP");
  process.env["NODE_EXTRA_CA_CERTS"] = certificate;
  const token = await bearerToken({ sub: "admin_user_01", channels: ["public"] }, variables["FLEETCAST_CLIENT_TOKEN_HMAC_SECRET_KEY"]);
  const sdk = new Sdk({ url: "wss://localhost/connection/websocket", token, client: {}, headers: { origin: "https://localhost" } });
  await sdk.connect();
  await sdk.subscribe("telemetry:VM-SH-001");
  const telemetry = (voltage: number): void => {
    const message = JSON.stringify({
      id: "VM-SH-001",
      system: { voltage, door_closed: true },
      environment: { temps: [-18.5] },
      ts: new Date().toISOString(),
    });
    const who = ["-i", "VM-SH-001", "-u", "VM-SH-001", "-P", "machine-password"];
    const broker = ["-h", "localhost", "-p", "8883", "--cafile", certificate];
    ran(requirePath(mosquittoPub), [...broker, ...who, "-q", "1", "-t", "vm/VM-SH-001/telemetry", "-m", message]);
  };
  telemetry(224.2);
  const seen = await sdk.next("publication", (event) => event.data.system?.voltage === 224.2);
  assert.equal(seen.channel, "telemetry:VM-SH-001");
  await api("publish", { channel: "telemetry:VM-SH-001", data: { voltage: 221.5, msg: "实时电压波动" } });
  await sdk.next("publication", (event) => event.data.msg === "实时电压波动");
  done("a machine over MQTTS and a backend over HTTPS reach the official client over WSS");

  services.process("centrifugo").child.kill("SIGKILL");
  services.process("centrifugo-2").child.kill("SIGKILL");
  await services.process("centrifugo").exited;
  await services.process("centrifugo-2").exited;
  telemetry(200);
  telemetry(201);
  for (const name of ["centrifugo", "centrifugo-2"]) services.restart(name);
  await sdk.next("subscribed", (event) => event.recovered === true, 30_000);
  for (const voltage of [200, 201]) await sdk.next("publication", (event) => event.data.system?.voltage === voltage, 20_000);
  done("both nodes killed: what machines said meanwhile follows in order, and the client recovered from Redis");
  await sdk.end();

  assert.equal(await services.process("fleetcast").end("SIGTERM", 40_000), 0);
  done("Fleetcast drains with exit code 0");
} finally {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
}
