import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

/** The real process with its exit codes: 0 done, 1 failed, 2 refused. */
const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fleetcast-cli-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

function fleetcast(args: readonly string[], env: Record<string, string> = {}, stdout: "pipe" | number = "pipe"): Run {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(FLEETCAST|CENTRIFUGO)_/.test(name)));
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...clean, ...env } as NodeJS.ProcessEnv,
    stdio: ["ignore", stdout, "pipe"],
  });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  }
  return { child, output: () => output, exited: new Promise((resolve) => child.on("close", resolve)) };
}

async function ended(args: readonly string[], env?: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const run = fleetcast(args, env);
  return { code: await run.exited, output: run.output() };
}

async function until(what: string, ready: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!ready()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

function holdPort(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => resolve({ server, port: (server.address() as { port: number }).port }));
  });
}

async function freePorts(): Promise<Record<string, string>> {
  const [http, mqtt] = [await holdPort(), await holdPort()];
  await Promise.all([http, mqtt].map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return { FLEETCAST_HTTP_SERVER_PORT: String(http.port), FLEETCAST_MQTT_PORT: String(mqtt.port) };
}

test("--help and --version are 0; a wrong call is 2", async () => {
  const help = await ended(["--help"]);
  assert.equal(help.code, 0);
  for (const command of ["serve", "gentoken", "user", "machine", "simulate", "checkconfig", "doctor", "centrifugo-config", "genconfig"]) {
    assert.match(help.output, new RegExp(`^  ${command}`, "m"));
  }
  assert.match((await ended(["--version"])).output, /^\d+\.\d+\.\d+\n$/);
  assert.equal((await ended(["serv"])).code, 2);
  assert.equal((await ended(["serve", "--prot"])).code, 2);
  assert.equal((await ended(["gentoken"])).code, 2);
});

test("[K2] a broken configuration is 2 with every problem on a line of its own, and nothing was made", async () => {
  const file = join(folder, "bad.yaml");
  writeFileSync(file, "http_server:\n  port: abc\nclient:\n  ping_interval: soon\n");
  const { code, output } = await ended(["serve", "-c", file, "--data-dir", "bad-data"]);
  assert.equal(code, 2);
  assert.equal(output.trim().split("\n").length, 2, output);
  assert.ok(!existsSync(join(folder, "bad-data")));
  assert.equal((await ended(["checkconfig", "-c", file])).code, 2);
  assert.equal((await ended(["checkconfig"])).code, 0);
  // What a start reads from elsewhere is read, too.
  for (const env of [
    { CENTRIFUGO_CLIENT_TOKEN_RSA_PUBLIC_KEY: "no key" },
    { FLEETCAST_MQTT_BROKER: "mqtts://h", FLEETCAST_MQTT_CA_FILE: "none.pem" },
  ])
    assert.equal((await ended(["checkconfig"], env)).code, 2, JSON.stringify(env));
  assert.ok(!existsSync(join(folder, "fleetcast-data")), "checkconfig changes nothing");
});

test("genconfig writes a file with fresh keys that only its owner reads, never over another one, and it starts", async () => {
  for (const name of ["first.yaml", "first.json", "first.toml"]) {
    assert.equal((await ended(["genconfig", "-c", name])).code, 0);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    const again = await ended(["genconfig", "-c", name]);
    assert.deepEqual([again.code, again.output], [2, `fleetcast: ${name} is there already\n`]);
    const checked = await ended(["checkconfig", "--strict", "-c", name]);
    assert.deepEqual([checked.code, checked.output], [0, `${name}: ok (6 keys set, 7 namespaces)\n`]);
  }
  assert.equal((await ended(["genconfig", "-c", "first.ini"])).code, 2);
});

test("defaultconfig and defaultenv print every key; a base file's values are in it, an invalid one is 2", async () => {
  writeFileSync(join(folder, "base.yaml"), "client: {ping_interval: 30s}\nmqtt: {port: 1999}\n");
  const tree = JSON.parse((await ended(["defaultconfig", "-d", "-c", "x.json", "-b", "base.yaml"])).output);
  assert.deepEqual([tree.client.ping_interval, tree.client.pong_timeout, tree.mqtt.port], ["30s", "8s", 1_999]);
  assert.equal((await ended(["defaultconfig", "-c", "whole.toml"])).code, 0);
  assert.equal((await ended(["checkconfig", "--strict", "-c", "whole.toml"])).code, 0);
  const env = (await ended(["defaultenv", "-b", "base.yaml", "--base-non-zero-only"])).output;
  assert.equal(env, 'FLEETCAST_CLIENT_PING_INTERVAL="30s"\nFLEETCAST_MQTT_PORT="1999"\n');
  writeFileSync(join(folder, "bad-base.yaml"), "client: 5\n");
  assert.equal((await ended(["defaultconfig", "-d", "-b", "bad-base.yaml"])).code, 2);
});

test("configdoc prints markdown, one section of it, the JSON Schema, or serves a page on this machine", async () => {
  assert.match((await ended(["configdoc", "-m"])).output, /^# Configuration\n/);
  const section = await ended(["configdoc", "-m", "-s", "client.token"]);
  assert.match(section.output, /^\| Key .*\n.*\n\| `client\.token\.hmac_secret_key` \|/);
  assert.ok(!section.output.includes("client.ping_interval"));
  assert.equal((await ended(["configdoc", "-m", "-s", "none"])).code, 2);
  assert.ok("properties" in JSON.parse((await ended(["configdoc", "--schema"])).output));
  const { FLEETCAST_HTTP_SERVER_PORT: port } = await freePorts();
  const run = fleetcast(["configdoc", "-p", port!]);
  await until("the page", () => run.output().includes("shows every key"));
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assert.match(page.headers.get("content-security-policy") ?? "", /script-src 'self'/);
  assert.match(await page.text(), /<code class="key">client\.ping_interval<\/code>/);
  assert.equal((await fetch(`http://127.0.0.1:${port}/filter.js`)).status, 200);
  run.child.kill("SIGTERM");
  await run.exited;
});

test("version says what runs; the flags of Centrifugo win over the environment", async () => {
  assert.match((await ended(["version"])).output, /^Fleetcast v\d+\.\d+\.\d+ \(Bun .*Centrifugo v6\.9\.6\)\n$/);
  const env = { CENTRIFUGO_HTTP_SERVER_PORT: "abc", FLEETCAST_LOG_LEVEL: "none" };
  assert.equal((await ended(["checkconfig", "-p", "9000", "--admin.external", "--client.insecure=false"], env)).code, 0);
  const bad = await ended(["checkconfig", "--http_server.port", "x"]);
  assert.deepEqual([bad.code, /^fleetcast: command line: http_server\.port = "x": expected/.test(bad.output)], [2, true], bad.output);
});

test("[K7] a secret on the command line is refused without being repeated, another key that is no flag as well", async () => {
  const secret = await ended(["serve", "--http_api.key=geheim"]);
  assert.equal(secret.code, 2);
  assert.match(secret.output, /--http_api\.key: a secret on the command line .*FLEETCAST_HTTP_API_KEY/);
  assert.ok(!secret.output.includes("geheim"));
  assert.match((await ended(["serve", "--client.ping_interval", "3s"])).output, /is not a flag; FLEETCAST_CLIENT_PING_INTERVAL/);
});

test("a token that is signed here is valid here: for a connection, for a channel, with and without an end", async () => {
  const folderFlag = ["--data-dir", "tokens"];
  const said = async (...args: string[]) => (await ended([...args, ...folderFlag])).output;
  const token = (await said("gentoken", "-u", "42", "-t", "60", "--vms", "VM-1")).trim();
  const valid = await ended(["checktoken", token, ...folderFlag]);
  assert.equal(valid.code, 0, valid.output);
  assert.match(valid.output, /^valid token for user "42"\nclaims: \{.*"meta":\{"vms":\["VM-1"\]\}.*\}\n$/);
  const wrong = await ended(["checksubtoken", token, ...folderFlag]);
  assert.deepEqual([wrong.code, /the token is not valid: .*claims: \{"sub":"42"/.test(wrong.output)], [2, true], wrong.output);
  const forever = await said("gensubtoken", "-u", "42", "-s", "news:1", "-t", "-1", "-q");
  assert.ok(!forever.endsWith("\n"));
  assert.match(await said("checksubtoken", forever), /^valid subscription token for user "42" and channel "news:1"\nclaims: (?!.*"exp")/);
  assert.match(await said("checktoken", await said("gentoken", "-u", "", "-q")), /for nobody/);
  assert.equal((await ended(["checktoken", "a.b", ...folderFlag])).code, 2);
  assert.equal((await ended(["gensubtoken", "-u", "42", ...folderFlag])).code, 2);
  assert.equal((await ended(["gentoken", "-u", "42", "-t", "0", ...folderFlag])).code, 2);
});

test("a taken port is 2, with one line that names the key and the variable", async () => {
  for (const [variable, key] of [
    ["FLEETCAST_HTTP_SERVER_PORT", "http_server.port"],
    ["FLEETCAST_MQTT_PORT", "mqtt.port"],
  ] as const) {
    const { server, port } = await holdPort();
    const { code, output } = await ended(["serve", "--data-dir", `taken-${port}`], {
      ...(await freePorts()),
      [variable]: String(port),
      FLEETCAST_LOG_LEVEL: "none",
    });
    server.close();
    assert.equal(code, 2, output);
    assert.equal(output.trim().split("\n").length, 1, output);
    assert.ok(output.includes(key) && output.includes(variable) && output.includes(String(port)), output);
  }
});

test("a data folder that cannot be written is 2", async () => {
  writeFileSync(join(folder, "a-file"), "");
  const { code, output } = await ended(["serve", "--data-dir", "a-file/data"], await freePorts());
  assert.equal(code, 2, output);
  assert.match(output, /cannot be written \(ENOTDIR\).*--data-dir/);
});

test("a start that is refused after the broker opened closes it again and is 2", { timeout: 10_000 }, async () => {
  mkdirSync(join(folder, "half", "running.json"), { recursive: true });
  const env = await freePorts();
  const run = fleetcast(["serve", "--data-dir", "half"], { ...env, FLEETCAST_LOG_LEVEL: "none" });
  const late = setTimeout(() => run.child.kill("SIGKILL"), 8_000);
  assert.equal(await run.exited, 2, run.output());
  clearTimeout(late);
  assert.match(run.output(), /^fleetcast: .*running\.json cannot be written \(EISDIR\).*--data-dir.*\n$/);
});

test("[R3] SIGTERM ends with 0; a second within a second is the same wish; the folder can be used again at once", async () => {
  const env = await freePorts();
  for (const again of [false, true]) {
    const run = fleetcast(["serve", "--data-dir", "drained"], env);
    await until("ready", () => /"msg":"ready"/.test(run.output()));
    run.child.kill("SIGHUP");
    await until("told what a reload found", () => /the configuration is as it was/.test(run.output()));
    run.child.kill("SIGTERM");
    if (again) run.child.kill("SIGINT");
    assert.equal(await run.exited, 0, run.output());
    assert.match(run.output(), /"msg":"stopped"/);
  }
});

test("pid_file holds the id while the process runs; one that cannot be written is 2", async () => {
  const pidFile = join(folder, "fleetcast.pid");
  const env = { ...(await freePorts()), FLEETCAST_PID_FILE: pidFile };
  const run = fleetcast(["serve", "--data-dir", "pid"], env);
  await until("ready", () => /"msg":"ready"/.test(run.output()));
  assert.equal(readFileSync(pidFile, "utf8"), `${run.child.pid}\n`);
  run.child.kill("SIGTERM");
  assert.equal(await run.exited, 0);
  assert.ok(!existsSync(pidFile));
  const refused = await ended(["serve", "--data-dir", "pid", "--pid_file", "none/x.pid"], await freePorts());
  assert.deepEqual([refused.code, /pid_file .*none\/x\.pid cannot be written \(ENOENT\)/.test(refused.output)], [2, true], refused.output);
});

test("[R6] [F16] SIGHUP exchanges namespaces and keys under connected clients; a bad file changes nothing", {
  timeout: 60_000,
}, async () => {
  const key = (n: number) => `a-token-key-of-thirty-two-bytes-${n}`;
  const file = (namespaces: string, n = 1) =>
    `mqtt: {enabled: false}\nclient: {token: {hmac_secret_key: ${key(n)}}}\nchannel: {namespaces: [${namespaces}]}\n`;
  const [news, chat] = ["{name: news, allow_subscribe_for_client: true}", "{name: chat, allow_subscribe_for_client: true}"];
  const path = join(folder, "hangup.yaml");
  writeFileSync(path, file(`${news}, ${chat}`));
  const env: Record<string, string> = { ...(await freePorts()), FLEETCAST_HTTP_API_KEY: "k" };
  const run = fleetcast(["serve", "-c", path, "--data-dir", "hangup"], env);
  await until("ready", () => /"msg":"ready"/.test(run.output()));
  const base = `127.0.0.1:${env["FLEETCAST_HTTP_SERVER_PORT"]}`;
  const tokenOf = async (n: number) =>
    (await ended(["gentoken", "-u", "42", "-q", "--data-dir", "x"], { CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: key(n) })).output;
  const [first, second] = [await tokenOf(1), await tokenOf(2)];
  const connect = (token: string) => {
    const socket = new WebSocket(`ws://${base}/connection/websocket`);
    const got: string[] = [];
    socket.onmessage = ({ data }) => {
      got.push(...String(data).split("\n"));
      if (String(data) === "{}") socket.send("{}");
    };
    socket.onclose = ({ code }) => got.push(`closed ${code}`);
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, connect: { token } }));
    const has = (text: string) => until(text, () => got.some((message) => message.includes(text)));
    return { send: (command: object) => socket.send(JSON.stringify(command)), has, got };
  };
  const client = connect(first);
  await client.has('"id":1,"connect"');
  client.send({ id: 2, subscribe: { channel: "news:a" } });
  client.send({ id: 3, subscribe: { channel: "chat:a" } });
  await client.has('"id":3,"subscribe"');
  const hangup = async (text: string, says: RegExp) => {
    const before = run.output().length;
    writeFileSync(path, text);
    run.child.kill("SIGHUP");
    await until(String(says), () => says.test(run.output().slice(before)));
  };

  await hangup(`${file(chat, 2)}websocket: {compression: true}\n`, /not reloaded.*only a restart takes websocket\.compression/);
  await hangup("channel: {namespaces: [", /not reloaded.*does not parse/);
  const upgraded = async (origin: string) => {
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    };
    return (await fetch(`http://${base}/connection/websocket`, { headers: { ...headers, Origin: origin } })).status;
  };
  assert.equal(await upgraded("https://a.example"), 403);
  await connect(first).has('"id":1,"connect"');
  const changed = file(`${chat.replace("}", ", presence: true}")}`, 2).replace(
    "client: {",
    'client: {allowed_origins: ["https://a.example"], ',
  );
  await hangup(changed, /"msg":"the configuration was reloaded"/);
  assert.notEqual(await upgraded("https://a.example"), 403);
  await client.has('{"push":{"channel":"news:a","unsubscribe":{"code":2000');
  await connect(first).has("closed 3500");
  await connect(second).has('"id":1,"connect"');
  const answer = await fetch(`http://${base}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": "k" },
    body: JSON.stringify({ channel: "chat:a", data: { n: 1 } }),
  });
  assert.equal(answer.status, 200);
  await client.has('"pub":{"data":{"n":1}}');
  assert.ok(!client.got.some((message) => message.startsWith("closed")), "nobody was dropped");
  run.child.kill("SIGTERM");
  assert.equal(await run.exited, 0);
  assert.ok(!run.output().includes(key(2)));
});

test("an internal port takes the programs' paths away from the page's port", async () => {
  const env = await freePorts();
  const internal = (await freePorts())["FLEETCAST_HTTP_SERVER_PORT"]!;
  const run = fleetcast(["serve", "--data-dir", "two-doors"], { ...env, FLEETCAST_HTTP_SERVER_INTERNAL_PORT: internal });
  await until("ready", () => /"msg":"ready"/.test(run.output()));
  const status = async (port: string | undefined, path: string) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST" })).status;
  for (const path of ["/api", "/readyz", "/admin/v1/users"]) {
    assert.equal(await status(env["FLEETCAST_HTTP_SERVER_PORT"], path), 404, path);
    assert.notEqual(await status(internal, path), 404, path);
  }
  assert.equal(await status(internal, "/v1/session"), 404);
  assert.equal((await ended(["machine", "add", "VM-1", "--data-dir", "two-doors"])).code, 0, "the command finds the internal port");
  run.child.kill("SIGTERM");
  assert.equal(await run.exited, 0);
});

test("secrets are made once, are 0600, and never stand in the output of serve", async () => {
  const env = await freePorts();
  const run = fleetcast(["serve", "--data-dir", "secret"], { ...env, FLEETCAST_LOG_LEVEL: "debug" });
  await until("ready", () => /"msg":"ready"/.test(run.output()));
  const file = join(folder, "secret", "secrets.json");
  const before = readFileSync(file, "utf8");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const second = await ended(["serve", "--data-dir", "secret"], await freePorts());
  assert.equal(second.code, 2, "a second process on one folder");
  assert.match(second.output, /in use by another Fleetcast/);
  run.child.kill("SIGTERM");
  await run.exited;
  assert.equal(readFileSync(file, "utf8"), before);
  for (const value of Object.values(JSON.parse(before) as Record<string, string>)) assert.ok(!run.output().includes(value));
});

test("[S21] what is made in a data folder that others may enter is for its owner alone", {
  skip: process.platform === "win32",
}, async () => {
  const dir = join(folder, "shared");
  mkdirSync(dir, { mode: 0o755 });
  const run = fleetcast(["serve", "--data-dir", "shared"], { ...(await freePorts()), FLEETCAST_LOG_FILE: join(dir, "own.log") });
  await until("ready", () => existsSync(join(dir, "running.json")));
  const readable = readdirSync(dir).filter((name) => (statSync(join(dir, name)).mode & 0o077) !== 0);
  run.child.kill("SIGTERM");
  await run.exited;
  assert.deepEqual(readable, []);
  assert.ok(readFileSync(join(dir, "journal.db")).length > 0);
});

test("keys that the environment sets are not made", async () => {
  const env = { CENTRIFUGO_HTTP_API_KEY: "k", CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: "s".repeat(32) };
  const { code, output } = await ended(["gentoken", "-u", "42", "-t", "60", "--data-dir", "given"], env);
  assert.equal(code, 0, output);
  const made = JSON.parse(readFileSync(join(folder, "given", "secrets.json"), "utf8")) as Record<string, string>;
  assert.deepEqual(Object.keys(made).sort(), ["meta_key", "proxy_secret", "session_key"]);
  const claims = JSON.parse(Buffer.from(output.split(".")[1]!, "base64url").toString("utf8")) as { sub: string; exp: number };
  assert.equal(claims.sub, "42");
  assert.ok(Math.abs(claims.exp - Date.now() / 1_000 - 60) < 30);
});

test("[ADM8] user add, password, block, machine add and token revoke work beside a running server and without one", async () => {
  const env = await freePorts();
  const run = fleetcast(["serve", "--data-dir", "people"], env);
  await until("ready", () => /"msg":"ready"/.test(run.output()));
  // Without the server's ports: the data folder says where it answers.
  const added = await ended(["user", "add", "ann", "--role", "admin", "--data-dir", "people"]);
  assert.equal(added.code, 0, added.output);
  const first = added.output.match(/password: (\S+)/)?.[1];
  const login = (password: string | undefined) =>
    fetch(`http://127.0.0.1:${env["FLEETCAST_HTTP_SERVER_PORT"]}/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "ann", password }),
    });
  assert.equal((await login(first)).status, 200);
  const changed = await ended(["user", "password", "ann", "--data-dir", "people"]);
  assert.equal((await login(first)).status, 401);
  const second = changed.output.match(/password: (\S+)/)?.[1];
  assert.equal((await login(second)).status, 200);
  assert.equal((await ended(["user", "block", "ann", "--data-dir", "people"])).code, 0);
  assert.equal((await login(second)).status, 403);
  assert.equal((await ended(["machine", "add", "VM-1", "--data-dir", "people"])).code, 0);
  assert.equal((await ended(["machine", "add", "not a machine", "--data-dir", "people"])).code, 2);
  run.child.kill("SIGTERM");
  assert.equal(await run.exited, 0);
  assert.equal((await ended(["user", "unblock", "ann", "--data-dir", "people"])).code, 0);
  assert.equal((await ended(["user", "unblock", "ann", "--data-dir", "people"])).code, 2, "nobody is shut out");
  assert.equal((await ended(["token", "revoke", "--data-dir", "people"])).code, 2, "which token");
  assert.equal((await ended(["token", "revoke", "--jti", "j1", "--data-dir", "people"])).code, 0);
  assert.equal((await ended(["user", "add", "ann", "--data-dir", "people"])).code, 2, "the name is taken");
  assert.equal((await ended(["machine", "add", "VM-2", "--data-dir", "people"])).code, 0);
});

test("[F30] a reader of the log that goes away does not end the server", async () => {
  const env = await freePorts();
  const run = fleetcast(["serve", "--data-dir", "pipe"], { ...env, FLEETCAST_LOG_LEVEL: "debug" });
  await until("ready", () => /"msg":"ready"/.test(run.output()));
  run.child.stdout?.destroy();
  run.child.stderr?.destroy();
  const base = `http://127.0.0.1:${env["FLEETCAST_HTTP_SERVER_PORT"]}`;
  // Each of these writes a line.
  for (let n = 0; n < 5; n++) await ended(["machine", "add", `VM-${n}`, "--data-dir", "pipe"]);
  assert.equal((await fetch(`${base}/readyz`)).status, 200);
  const exited = new Promise((resolve) => run.child.on("exit", resolve));
  run.child.kill("SIGTERM");
  assert.equal(await exited, 0);
});

test("ready is 0 beside a server that is ready, on whatever port, and 1 without one", async () => {
  const data = ["--data-dir", "ready-data"];
  const none = await ended(["ready", ...data], await freePorts());
  assert.deepEqual([none.code, /nothing answers at http:/.test(none.output)], [1, true], none.output);
  const server = fleetcast(["serve", ...data], await freePorts());
  await until("the server is ready", () => existsSync(join(folder, "ready-data", "running.json")));
  // Without the server's own environment: its folder says where it listens.
  const ready = await ended(["ready", ...data]);
  assert.deepEqual([ready.code, /"status":"ready"/.test(ready.output)], [0, true], ready.output);
  server.child.kill("SIGTERM");
  assert.equal(await server.exited, 0);
});

test("centrifugo-config --out writes a file that its owner and group read, and says so where it cannot", async () => {
  const data = ["--data-dir", "out-data"];
  assert.deepEqual(await ended(["centrifugo-config", "--out", "centrifugo.json", ...data]), { code: 0, output: "" });
  assert.equal(statSync(join(folder, "centrifugo.json")).mode & 0o777, 0o640);
  assert.equal((await ended(["centrifugo-config", ...data])).output, readFileSync(join(folder, "centrifugo.json"), "utf8"));
  const refused = await ended(["centrifugo-config", "--out", "none/centrifugo.json", ...data]);
  assert.deepEqual(refused, { code: 2, output: "fleetcast: none/centrifugo.json cannot be written (ENOENT)\n" });
});

test("doctor names what is wrong, and is 1 then", async () => {
  const { server, port } = await holdPort();
  const env = { ...(await freePorts()), FLEETCAST_HTTP_SERVER_PORT: String(port) };
  const sick = await ended(["doctor", "--data-dir", "doctor"], env);
  server.close();
  assert.equal(sick.code, 1, sick.output);
  assert.match(sick.output, /^wrong +web port +\d+ is taken by another program; http_server\.port/m);
  const well = await ended(["doctor", "--data-dir", "doctor"], await freePorts());
  assert.equal(well.code, 0, well.output);
  assert.ok(!existsSync(join(folder, "doctor")), "it changes nothing");
});

test("[design 10] an .env file and a bunfig.toml in the working folder change nothing when started as shipped", async () => {
  const hostile = join(folder, "hostile");
  mkdirSync(hostile);
  writeFileSync(join(hostile, ".env"), "FLEETCAST_HTTP_SERVER_PORT=abc\n");
  writeFileSync(join(hostile, "evil.ts"), "process.exit(77);\n");
  writeFileSync(join(hostile, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
  const bin = fileURLToPath(new URL("../../bin/fleetcast.mjs", import.meta.url));
  const child = spawn("node", [bin, "checkconfig"], { cwd: hostile, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(code, 0);
});
