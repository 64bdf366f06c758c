import assert from "node:assert/strict";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";
import { eventually } from "../harness/process.ts";
import { addUser } from "../harness/screen.ts";

/** A server with everything that an operation of the document can meet: a machine, namespaces of every kind, somebody who may do all. */
export interface ApiWorld {
  readonly fleetcast: Fleetcast;
  readonly password: string;
  readonly cookie: string;
  readonly csrf: string;
}

export const userName = "root";

export async function startApiWorld(): Promise<ApiWorld> {
  const board = { name: "board", subscription_type: "map", map: { mode: "persistent" } };
  const poll = { mode: "versioned", publish_enabled: true, refresh_interval: "300s" };
  const prices = { name: "prices", subscription_type: "shared_poll", shared_poll: poll };
  const config = {
    channel: { namespaces: [board, prices], proxy: { shared_poll_refresh: { endpoint: "http://127.0.0.1:9/values" } } },
    shared_poll: { hmac_secret_key: "the secret of the shared poll channels" },
  };
  const fleetcast = await Fleetcast.started({ config });
  const password = await addUser(fleetcast, userName, "admin");
  const answer = await fetch(`${fleetcast.base}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: userName, password }),
  });
  assert.equal(answer.status, 200);
  const { csrf } = (await answer.json()) as { csrf: string };
  const cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
  const simulator = fleetcast.cliProcess("simulate", "--count", "1", "--url", `mqtt://127.0.0.1:${fleetcast.mqttPort}`);
  await eventually("VM-SH-001 is there", 20_000, async () => {
    const machine = await fetch(`${fleetcast.base}/v1/machines/VM-SH-001`, { headers: { cookie } });
    return machine.status === 200 && ((await machine.json()) as { temp_c: number | null }).temp_c !== null;
  });
  await simulator.end("SIGTERM");
  return { fleetcast, password, cookie, csrf };
}

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document, as deep as it likes
export type Document = any;

export async function documentOf({ fleetcast }: ApiWorld): Promise<Document> {
  const answer = await fetch(`${fleetcast.base}/api/openapi.json?lang=en`, { headers: { "x-api-key": API_KEY } });
  assert.equal(answer.status, 200);
  return await answer.json();
}
