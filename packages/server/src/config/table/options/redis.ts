import { bool, duration, int, list, secret, string } from "../option.ts";
import { under } from "../standing.ts";
import { tlsOptions } from "./tls.ts";

/** A connection to Redis, wherever Centrifugo has one. */
export const redisOptions = {
  address: list(["redis://127.0.0.1:6379"], "Addresses of Redis."),
  connect_timeout: duration(1_000, "How long connecting may take."),
  io_timeout: duration(4_000, "How long an answer may take."),
  db: int(0, { min: 1, max: 1_000_000 }, "Number of its database."),
  user: string("", "User name there."),
  password: secret("Password there."),
  client_name: string("", "Name of our connections."),
  force_resp2: bool(false, "Speaks the older protocol."),
  cluster_address: list([], "Addresses of a Redis Cluster."),
  ...under("tls", tlsOptions),
  sentinel_address: list([], "Addresses of Sentinels."),
  sentinel_user: string("", "User name there."),
  sentinel_password: secret("Password there."),
  sentinel_master_name: string("", "Name of the master they watch."),
  sentinel_client_name: string("", "Name of our connections to them."),
  ...under("sentinel_tls", tlsOptions),
  "replica_client.enabled": bool(false, "Reads from replicas."),
} as const;
