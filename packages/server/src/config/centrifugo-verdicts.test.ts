import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { centrifugoBinary, withoutCentrifugo } from "../push/centrifugo/testing-centrifugo.ts";
import { ConfigError } from "./problems.ts";
import { readSettings } from "./settings.ts";

/**
 * Random files from a seed, judged by the real `centrifugo checkconfig` and by us: what it refuses we refuse, and what we refuse
 * beyond that has its line in docs/spec/deviations.md or is a refused key.
 */
const folder = mkdtempSync(join(tmpdir(), "fleetcast-verdicts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

type Chance = <T>(of: readonly T[]) => T;

function chanceOf(seed: number): Chance {
  let state = (seed * 2_654_435_761) | 1;
  return (of) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return of[(state >>> 0) % of.length]!;
  };
}

const truth = [true, true, false];

/** Mostly what is right, so that one mistake is found at a time. */
function mostly<T>(right: readonly T[], wrong: readonly T[]): readonly T[] {
  return [...Array.from({ length: 12 * Math.max(1, wrong.length) }, (_, index) => right[index % right.length]!), ...wrong];
}

const proxyNames = mostly(["default", "own", "other"], ["gone", ""]);

/** Options that rules are about, each with values that keep and break them. */
const namespaceChoices: Readonly<Record<string, readonly unknown[]>> = {
  history: [
    {},
    { history_size: 10, history_ttl: "10s" },
    { history_size: 10, history_ttl: "1h" },
    { history_size: 1 },
    { history_ttl: "10s" },
  ],
  history_meta_ttl: mostly(["0s", "2h"], ["1s", "1500ms"]),
  recovery: mostly<object>(
    [{}, { history_size: 1, history_ttl: "1s", force_recovery: true }],
    [{ force_recovery: true }, { history_size: 1, history_ttl: "1500ms" }],
  ),
  force_recovery_mode: mostly(["", "stream", "cache"], ["all"]),
  cache: mostly<object>(
    [{}, { history_size: 1, history_ttl: "1s", force_recovery: true, force_recovery_mode: "cache", auto_cache_recover: true }],
    [{ auto_cache_recover: true }],
  ),
  allowed_delta_types: mostly([[], ["fossil"]], [["fossil", "other"]]),
  channel_regex: mostly(["", "^a+$", "(?P<n>a)"], ["(", "(?=a)"]),
  publication_data_format: mostly(["", "json", "binary"], ["xml"]),
  subscribe_proxy_enabled: truth,
  subscribe_proxy_name: proxyNames,
  publish_proxy_enabled: truth,
  publish_proxy_name: proxyNames,
  sub_refresh_proxy_enabled: truth,
  sub_refresh_proxy_name: mostly(["own", "other"], ["default", "gone"]),
  map_clients_presence_channel_prefix: mostly(["", "clients:"], ["none:", "clients", "first:"]),
  map_users_presence_channel_prefix: mostly(["", "users:"], ["clients:"]),
};
const mapChoices: Readonly<Record<string, readonly unknown[]>> = {
  kind: [{ mode: "ephemeral", key_ttl: "10s" }, { mode: "recoverable", key_ttl: "10s" }, { mode: "persistent" }],
  mode: ["ephemeral", "recoverable", "persistent", "recoverable", "", "other"],
  key_ttl: ["0s", "10s", "2m"],
  stream_size: [0, 0, 10],
  stream_ttl: ["0s", "0s", "30s"],
  meta_ttl: ["0s", "0s", "10s", "20m"],
  client_key: mostly(["", "client_id", "user_id"], ["name"]),
  publish_proxy_enabled: [true, false, false],
  publish_proxy_name: proxyNames,
  remove_client_on_unsubscribe: [true, false],
  default_page_size: [0, 100],
  min_page_size: [0, 50],
  max_page_size: [0, 500, 500, 20],
};
const pollChoices: Readonly<Record<string, readonly unknown[]>> = {
  proxy_name: mostly(["", "default", "own"], ["gone"]),
  mode: mostly(["", "versionless", "versioned"], ["other"]),
  publish_enabled: [true, false],
};

/** A value that is an object stands for several options that belong together. */
function some(choices: Readonly<Record<string, readonly unknown[]>>, chance: Chance, most: number): Record<string, unknown> {
  const names = Object.keys(choices);
  const count = chance(Array.from({ length: most + 1 }, (_, index) => index));
  const chosen = Array.from({ length: count }, () => chance(names)).map((name) => [name, chance(choices[name]!)] as const);
  return Object.assign({}, ...chosen.map(([name, value]) => (isGroup(value) ? value : { [name]: value })));
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && !Array.isArray(value);
}

/** Nothing, a map with its mode, or a shared poll; sometimes a type without what it needs. */
function randomType(chance: Chance): object {
  const map = () => ({ ...(chance(mapChoices["kind"]!) as object), ...some(mapChoices, chance, 2) });
  return chance<() => object>([
    () => ({}),
    () => ({}),
    () => ({ subscription_type: chance(mostly(["stream", ""], ["list"])) }),
    () => ({ subscription_type: "map", map: map() }),
    () => ({ subscription_type: chance(["map_clients", "map_users"]), map: map() }),
    () => ({ map: some(mapChoices, chance, 2) }),
    () => ({ subscription_type: "shared_poll", shared_poll: some(pollChoices, chance, 2) }),
  ])();
}

function randomFile(chance: Chance) {
  const endpoint = mostly(["http://127.0.0.1:1"], [""]);
  const first = { name: chance(mostly(["first"], ["x", "a:b"])), ...some(namespaceChoices, chance, 3), ...randomType(chance) };
  const presence = (type: string) => ({ name: type.slice(4), subscription_type: type, map: { mode: "ephemeral", key_ttl: "30s" } });
  const personal = {
    enabled: true,
    personal_channel_namespace: chance(mostly(["first", ""], ["gone"])),
    single_connection: chance([false, false, true]),
  };
  return {
    mqtt: { enabled: false },
    client: {
      token: { user_id_claim: chance(mostly(["", "uid"], ["u.id"])) },
      subscribe_to_user_personal_channel: chance<object>(mostly<object>([{}], [personal])),
      proxy: chance<object>(mostly<object>([{}], [{ connect: { enabled: true, endpoint: chance(endpoint) } }])),
    },
    channel: {
      proxy: {
        subscribe: { endpoint: chance(endpoint) },
        publish: { endpoint: chance(endpoint) },
        shared_poll_refresh: { endpoint: chance(endpoint) },
      },
      history_meta_ttl: chance(mostly(["0s", "720h"], ["60s"])),
      namespaces: [first, presence("map_clients"), presence("map_users"), ...chance<object[]>(mostly([[]], [[{ name: "first" }]]))],
    },
    rpc: { namespaces: chance<object[]>([[], [{ name: "cart", proxy_name: chance(proxyNames) }]]) },
    shared_poll: chance<object>(mostly<object>([{ hmac_secret_key: "k" }], [{}])),
    proxies: [
      { name: chance(mostly(["own"], ["default", "o"])), endpoint: chance(endpoint) },
      {
        name: "other",
        endpoint: "http://127.0.0.1:1",
        http: { status_to_code_transforms: chance<object[]>(mostly([[]], [[{ status_code: 404 }]])) },
      },
    ],
  };
}

/** What we refuse and the real one takes. */
const stricter: readonly RegExp[] = [
  // It would fail at the first change of a key.
  /map\.meta_ttl: (must not be shorter than map\.key_ttl|map\.mode persistent keeps it for ever)/,
];

function ourVerdict(config: string): readonly string[] {
  try {
    readSettings({ flags: { config }, environment: {}, folder });
    return [];
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return cause.message.split("\n");
  }
}

test("[CFG15] random files get the verdict of the real Centrifugo", { skip: withoutCentrifugo(), timeout: 60_000 }, () => {
  const verdicts = { both: 0, none: 0, ours: 0 };
  const firstSeed = Number(process.env["FLEETCAST_SEED"] ?? 1);
  const count = Number(process.env["FLEETCAST_VERDICTS"] ?? 60);
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const config = join(folder, "random.json");
    const tree = randomFile(chanceOf(seed));
    writeFileSync(config, JSON.stringify(tree));
    const { status, stdout } = spawnSync(centrifugoBinary!, ["checkconfig", "-c", config], { encoding: "utf8", env: {} });
    const ours = ourVerdict(config);
    const unexpected = ours.filter((line) => !stricter.some((known) => known.test(line)));
    const told = `seed ${seed}\nreal: ${stdout}\nours: ${ours.join("\n")}\n${JSON.stringify(tree)}`;
    if (status !== 0) assert.ok(ours.length > 0, told);
    else assert.deepEqual(unexpected, [], told);
    verdicts[status !== 0 ? "both" : ours.length > 0 ? "ours" : "none"] += 1;
  }
  assert.ok(verdicts.both > count / 10 && verdicts.none > count / 10, JSON.stringify(verdicts));
});
