import type { MapPublishCall } from "../src/map/server-calls.ts";
import { type ChannelOptions, defaultChannelOptions, type MapOptions } from "../src/options.ts";
import { type BenchSetup, bytes, EngineBench } from "./engine-bench.ts";
import type { TestClient, Wire } from "./test-client.ts";

/** A namespace of maps that clients may subscribe to, with small pages; and what a test opens. */
export function mapOptions(map: Partial<MapOptions> = {}, more: Partial<ChannelOptions> = {}): Partial<ChannelOptions> {
  const pages = { defaultPageSize: 2, minPageSize: 2, maxPageSize: 4 };
  return {
    subscriptionType: "map",
    allowSubscribeForClient: true,
    allowSubscribeForAnonymous: true,
    map: { ...defaultChannelOptions.map, mode: "persistent", ...pages, ...map },
    ...more,
  };
}

/** An engine with one namespace for each mode: `per`, `rec`, `eph`. */
export class MapBench extends EngineBench {
  constructor(setup: BenchSetup = {}) {
    const namespaces = {
      per: mapOptions(),
      rec: mapOptions({ mode: "recoverable", keyTtlMs: 10_000, streamSize: 10 }),
      eph: mapOptions({ mode: "ephemeral", keyTtlMs: 10_000 }),
      plain: { allowSubscribeForClient: true },
    };
    super({ ...setup, namespaces: { ...namespaces, ...setup.namespaces } });
  }

  /** Sets keys one after another; a key's value is its name unless told otherwise: `a`, `b=2`. */
  async set(channel: string, keys: readonly string[], more: Partial<MapPublishCall> = {}): Promise<void> {
    for (const item of keys) {
      const [key = "", value = key] = item.split("=");
      await this.engine.maps.publish({ channel, key, data: bytes(JSON.stringify(value)), ...more });
    }
    await this.clock.settle();
  }

  async remove(channel: string, key: string): Promise<void> {
    await this.engine.maps.remove({ channel, key });
    await this.clock.settle();
  }

  async position(channel: string): Promise<{ readonly offset: number; readonly epoch: string }> {
    return (await this.engine.maps.readState({ channel, limit: 0 })).top;
  }
}

/** A request of a map subscription: the first page of the state unless told otherwise. */
export async function askForMap(client: TestClient, channel: string, more: Readonly<Record<string, unknown>> = {}): Promise<Wire> {
  const reply = await client.subscribe(channel, { type: 1, phase: 2, ...more });
  return reply["subscribe"] ?? { refused: reply["error"]?.["code"] ?? client.closeCode };
}

/** Publications as `key=value@offset`, removals as `-key@offset`; without offset where there is none. */
export function told(publications: readonly Wire[] | undefined): string[] {
  return (publications ?? []).map(({ key, data, offset, removed }) => {
    const at = offset === undefined ? "" : `@${offset}`;
    return removed === true ? `-${key}${at}` : `${key}=${data}${at}`;
  });
}
