import assert from "node:assert/strict";
import { after, test } from "node:test";
import { withoutCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { type ApiSide, apiKey, centrifugoSide, embeddedSide, realSide } from "./testing-sides.ts";

export type SideName = ApiSide["name"];

export interface Case {
  readonly name: string;
  readonly path: string;
  /** `@` in it becomes a suffix of its own for each test, so that channels are fresh. */
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** The body to the letter, every epoch read as `E`, every time as `T`; a pattern where numbers vary. */
  readonly answer: string | RegExp;
  /** Sides where it holds; the others differ on purpose. */
  readonly on?: readonly SideName[];
  /** Requests before it, of the same path where none is given. */
  readonly first?: readonly (string | readonly [path: string, body: string])[];
}

const starters = { embedded: embeddedSide, centrifugo: centrifugoSide, real: realSide };
type Side = (name: SideName) => Promise<ApiSide>;

let suffixes = 0;

/** Each row as a test on each side; the servers are started once for each call, and stopped after it. */
export function runCases(rows: readonly Case[]): void {
  const started = new Map<SideName, Promise<ApiSide>>();
  const side: Side = (name) => {
    const running = started.get(name) ?? starters[name]();
    started.set(name, running);
    return running;
  };
  for (const name of ["embedded", "centrifugo", "real"] as const) for (const row of rows) runCase(name, row, side);
  after(async () => {
    for (const running of started.values()) await (await running).stop();
  });
}

function runCase(name: SideName, row: Case, side: Side): void {
  if (row.on !== undefined && !row.on.includes(name)) return;
  test(`${name}: POST ${row.path}: ${row.name}`, { skip: name === "embedded" ? false : withoutCentrifugo() }, async () => {
    const api = await side(name);
    suffixes += 1;
    const fresh = `c${suffixes}`;
    for (const before of row.first ?? []) {
      const [path, body] = typeof before === "string" ? [row.path, before] : before;
      await send(api, path, body.replaceAll("@", fresh));
    }
    const body = typeof row.body === "string" ? row.body.replaceAll("@", fresh) : row.body;
    const { status, text } = await send(api, row.path, body, row.headers);
    assert.deepEqual(
      { status, text: typeof row.answer === "string" ? text : row.answer.test(text) },
      { status: row.status, text: typeof row.answer === "string" ? row.answer : true },
      text,
    );
  });
}

async function send(api: ApiSide, path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const response = await api.request(path, { method: "POST", body: body as string, headers: { "x-api-key": apiKey, ...headers } });
  const text = (await response.text()).replaceAll(/"epoch":"[^"]+"/g, '"epoch":"E"').replaceAll(/"time":\d+/g, '"time":T');
  return { status: response.status, text };
}
