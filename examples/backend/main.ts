import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import * as answers from "./answers.ts";
import { examplePeople } from "./people.ts";
import { sameText, signToken } from "./signed.ts";

/**
 * A backend that a Fleetcast or a Centrifugo asks: who connects, who may have which channel, what is published, what a method
 * answers. Its people sign in here and get the token of the document's section 2.1. Nothing but Node's own modules.
 */
const port = Number(process.env["PORT"] ?? 3_000);
const pushServer = process.env["PUSH_SERVER"] ?? "http://127.0.0.1:8000";
/** `http_api.key`, `client.token.hmac_secret_key` and the header `X-Backend-Secret` of the proxies in config.json. */
const apiKey = process.env["API_KEY"] ?? "the-api-key-of-the-example";
const tokenSecret = process.env["TOKEN_SECRET"] ?? "the-token-secret-of-the-example-0001";
const backendSecret = process.env["BACKEND_SECRET"] ?? "the-backend-secret-of-the-example";
/** Of this backend alone, so that a session cookie is no connection token. */
const sessionSecret = randomBytes(32).toString("base64url");
/** One password for everybody, because this is an example; a real backend stores a slow hash for each. */
const password = process.env["DEMO_PASSWORD"] ?? randomBytes(9).toString("base64url");

const people = examplePeople();
/** A larger body is nobody's question. Bytes. */
const bodyBytesMax = 65_536;

type Body = Readonly<Record<string, unknown>>;

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly cookie?: string;
}

const refused = (status: number, error: string): Reply => ({ status, body: { error } });

const proxyAnswers: Readonly<Record<string, (question: answers.Question, request: IncomingMessage) => answers.Answer>> = {
  "/proxy/connect": (_question, request) => answers.connect(people, request.headers.cookie, sessionSecret),
  "/proxy/subscribe": (question) => answers.subscribe(people, question),
  "/proxy/sub_refresh": (question) => answers.subRefresh(people, question),
  "/proxy/publish": (question) => answers.publish(people, question),
  "/proxy/rpc": (question) => answers.rpc(people, question),
};

const server = createServer((request, response) => {
  void answered(request).then(({ status, body, cookie }) => {
    if (cookie !== undefined) response.setHeader("set-cookie", cookie);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
});
server.requestTimeout = 10_000;
server.listen(port, "127.0.0.1", () => {
  process.stdout.write(`backend on http://127.0.0.1:${port}, password of everybody: ${password}\n`);
});
process.on("SIGTERM", () => process.exit(0));

async function answered(request: IncomingMessage): Promise<Reply> {
  try {
    return await handle(request);
  } catch (error) {
    process.stderr.write(`${request.url}: ${String(error)}\n`);
    return refused(500, "internal");
  }
}

async function handle(request: IncomingMessage): Promise<Reply> {
  if (request.method !== "POST") return refused(405, "POST only");
  const path = new URL(request.url ?? "/", "http://backend").pathname;
  const body = await readJson(request);
  if (body === undefined) return refused(400, "a JSON object is expected");
  const answer = proxyAnswers[path];
  if (answer !== undefined) {
    // Only the push server may ask: whoever else could reach this port would learn who may do what.
    if (!sameText(String(request.headers["x-backend-secret"] ?? ""), backendSecret)) return refused(401, "unknown");
    return { status: 200, body: answer(body, request) };
  }
  switch (path) {
    case "/login":
      return login(body);
    case "/token":
      return token(request);
    case "/revoke":
      return revoke(request, body);
    default:
      return refused(404, "not found");
  }
}

/** Signs in: a session for the browser, and a token for the socket. */
function login({ user, password: given }: Body): Reply {
  const known = typeof user === "string" && people.get(user)?.active === true;
  if (!sameText(String(given), password) || !known) return refused(401, "wrong user or password");
  const session = signToken({ sub: user, exp: inSeconds(12 * 3_600) }, sessionSecret);
  return { status: 200, body: { token: connectionToken(user) }, cookie: `session=${session}; HttpOnly; SameSite=Strict; Path=/` };
}

/** A new token for the SDK's `getToken`. */
function token(request: IncomingMessage): Reply {
  const user = signedIn(request);
  return user === undefined ? refused(401, "sign in first") : { status: 200, body: { token: connectionToken(user) } };
}

/** A manager takes a machine away from somebody: remembered here, and the push server is told at once. */
async function revoke(request: IncomingMessage, body: Body): Promise<Reply> {
  if (people.get(signedIn(request) ?? "")?.role !== "manager") return refused(403, "managers only");
  const [user, machine] = [String(body["user"]), String(body["machine"])];
  people.get(user)?.machines.delete(machine);
  for (const channel of [`telemetry:${machine}`, `events:${machine}`]) await callPushServer("unsubscribe", { user, channel });
  return { status: 200, body: {} };
}

async function callPushServer(method: string, params: Body): Promise<void> {
  const answer = await fetch(`${pushServer}/api/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": apiKey },
    body: JSON.stringify(params),
    signal: AbortSignal.timeout(2_000),
  });
  if (answer.status !== 200) throw new Error(`the push server answers ${method} with status ${answer.status}`);
  const { error } = (await answer.json()) as { error?: { message: string } };
  if (error !== undefined) throw new Error(`the push server refuses ${method}: ${error.message}`);
}

function connectionToken(user: string): string {
  const person = people.get(user);
  return signToken({ sub: user, exp: inSeconds(3_600), info: { name: person?.name, role: person?.role } }, tokenSecret);
}

/** Whose session came with this request; somebody who was locked out has none. */
function signedIn(request: IncomingMessage): string | undefined {
  const user = answers.sessionUser(request.headers.cookie, sessionSecret);
  return user !== undefined && people.get(user)?.active === true ? user : undefined;
}

async function readJson(request: IncomingMessage): Promise<Body | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Body) : undefined;
  } catch {
    // Not JSON: the caller answers 400.
    return undefined;
  }
}

function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}
