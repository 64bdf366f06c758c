import { pause } from "./client.ts";
import type { RunningEngine } from "./engines.ts";
import { rawHttp } from "./raw-http.ts";
import { API_KEY } from "./side.ts";

/**
 * What must be true of our server when all rules of a configuration are over and their clients are gone: nothing of them is
 * left (P7), and nothing of ours went wrong on the way.
 */
export async function aftermath(engine: RunningEngine, apiPrefix = "/api"): Promise<string[]> {
  const left = await leftovers(engine, apiPrefix);
  const errors = engine.log.split("\n").filter((line) => /"level":"(error|fatal)"/.test(line));
  return [
    ...(left === undefined ? [] : [`${left} is left when everybody is gone [P7]`]),
    ...errors.map((line) => `our server logged ${line}`),
  ];
}

/** The server's own numbers, once they are zero or did not become so. Undefined for nothing left, or nobody to ask. */
async function leftovers(engine: RunningEngine, apiPrefix: string): Promise<string | undefined> {
  const path = `${apiPrefix}/info`;
  let left = "";
  for (let waitedMs = 0; waitedMs < 8_000; waitedMs += 100) {
    if (!engine.isRunning) return undefined;
    const { body, status } = await rawHttp(engine.port, { path, headers: { "X-API-Key": API_KEY }, body: "{}" });
    if (status !== 200) return `the answer ${status} to ${path}`;
    const { num_clients, num_users, num_channels, num_subs } = JSON.parse(body).result.nodes[0] as Record<string, number>;
    if ([num_clients, num_users, num_channels, num_subs].every((number) => number === 0)) return undefined;
    left = JSON.stringify({ num_clients, num_users, num_channels, num_subs });
    await pause(100);
  }
  return left;
}
