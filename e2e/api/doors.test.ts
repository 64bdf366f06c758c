import assert from "node:assert/strict";
import { test } from "node:test";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";
import { freePorts } from "../harness/process.ts";

/** Where the server API, its document and the explorer stand under each key of the configuration. */

interface Doors {
  readonly external: string;
  readonly internal: string;
}

async function withServer(http_api: object, more: object, look: (doors: Doors) => Promise<void>): Promise<void> {
  const [internalPort] = await freePorts(1);
  const config = { http_server: { internal_port: internalPort }, http_api, ...more };
  const fleetcast = await Fleetcast.prepare({ config, env: { FLEETCAST_MQTT_ENABLED: "false" } });
  try {
    const internal = `http://127.0.0.1:${internalPort}`;
    const process = fleetcast.spawn();
    await process.waitForHttp(`${internal}/readyz`, 30_000);
    try {
      await look({ external: fleetcast.base, internal });
    } finally {
      await process.end();
    }
  } finally {
    await fleetcast.remove();
  }
}

const post = async (url: string, headers: Record<string, string> = { "x-api-key": API_KEY }): Promise<number> =>
  (await fetch(url, { method: "POST", headers, body: '{"channel":"a","data":1}' })).status;
const get = async (url: string): Promise<number> => (await fetch(url, { headers: { "x-api-key": API_KEY } })).status;

test("[OA5] with an internal port the API, its document and /swagger are there and nowhere else", { timeout: 60_000 }, async () => {
  await withServer({}, { swagger: { enabled: true } }, async ({ external, internal }) => {
    assert.equal(await post(`${internal}/api/publish`), 200);
    assert.equal(await post(`${external}/api/publish`), 404);
    assert.deepEqual([await get(`${internal}/api/openapi.json`), await get(`${external}/api/openapi.json`)], [200, 404]);
    assert.deepEqual([await get(`${internal}/swagger/`), await get(`${external}/swagger/`)], [200, 404]);
    assert.deepEqual([await get(`${internal}/v1/explorer`), await get(`${external}/v1/explorer`)], [404, 200]);
  });
});

test("[OA5] http_api.external keeps it on the other port, handler_prefix moves it, insecure asks for no key", {
  timeout: 60_000,
}, async () => {
  await withServer({ external: true, handler_prefix: "/server", insecure: true }, {}, async ({ external, internal }) => {
    assert.equal(await post(`${external}/server/publish`, {}), 200);
    assert.equal(await post(`${external}/server`, {}), 200);
    assert.equal(await post(`${internal}/server/publish`, {}), 404);
    assert.equal(await post(`${external}/api/publish`), 404);
    const document = (await (await fetch(`${external}/server/openapi.json`)).json()) as { paths: object };
    assert.ok("/server/publish" in document.paths && !("/api/publish" in document.paths));
  });
});

test("[OA5] http_api.disabled leaves neither the API nor its document", { timeout: 60_000 }, async () => {
  await withServer({ disabled: true }, {}, async ({ external, internal }) => {
    for (const base of [external, internal]) {
      assert.equal(await post(`${base}/api/publish`), 404);
      assert.equal(await get(`${base}/api/openapi.json`), 404);
    }
  });
});
