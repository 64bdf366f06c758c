import { bool, bytes, duration, int, list, secret, string } from "../option.ts";
import { type Fields, objects, RuleBroken } from "../option-compound.ts";
import { live, under } from "../standing.ts";
import { checkReason, proxyOptions } from "./proxy.ts";

const count = { min: 1, max: 1_000_000 };
const unixSeconds = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** Which disconnect a one-way client hears for an error code of its connect. */
export interface ConnectCodeDisconnect {
  readonly code: number;
  readonly disconnect: { readonly code: number; readonly reason: string };
}

/** `client.token` and `client.subscription_token` alike. */
export const tokenOptions = {
  hmac_secret_key: secret("Key of tokens signed with HS256, HS384, HS512."),
  hmac_previous_secret_key: secret("The key before, while a rotation lasts."),
  hmac_previous_secret_key_valid_until: int(0, unixSeconds, "Until when the key before holds, in Unix seconds. Empty: no end."),
  rsa_public_key: string("", "Public key (PEM) of tokens signed with RS256, RS384, RS512."),
  ecdsa_public_key: string("", "Public key (PEM) of tokens signed with ES256, ES384, ES512."),
  // Not an address yet where `{{group}}` stands in it.
  jwks_public_endpoint: string(
    "",
    "Address of a JSON Web Key Set; replaces the keys above. `{{group}}` is a named group of the expressions.",
    {
      pattern: /^https?:\/\/./,
      expected: "an address (http://..., https://...)",
    },
  ),
  audience: string("", "What `aud` of a token must be or contain."),
  audience_regex: string("", "What `aud` must match (RE2 syntax), instead of audience."),
  issuer: string("", "What `iss` of a token must be."),
  issuer_regex: string("", "What `iss` must match (RE2 syntax), instead of issuer."),
  user_id_claim: string("", "Claim that carries the user id. Empty: `sub`.", {
    pattern: /^[a-zA-Z_]+$/,
    expected: "the name of a claim: letters and _",
  }),
  insecure_skip_jwks_endpoint_safety_check: bool(
    false,
    "Lets names from a token into jwks_public_endpoint although the regular expressions take more than a fixed list.",
  ),
} as const;

export const clientOptions = {
  "client.ping_interval": duration(25_000, "How often the server pings a client. Longer than client.pong_timeout."),
  "client.pong_timeout": duration(8_000, "How long it waits for the answer before it closes with 3012."),
  "client.concurrency": int(0, { min: 1, max: 1_024 }, "Commands of one connection worked on at a time. Empty: one after another."),
  "client.connection_limit": int(0, count, "Connections this server takes (503). Empty: any number.", 0),
  "client.connection_rate_limit": int(0, count, "New connections a second that it takes (503). Empty: any number.", 0),
  "client.queue_max_size": bytes(
    1_048_576,
    { min: 1_024, max: 268_435_456 },
    "Unsent bytes a connection may hold before it is closed as slow (3008).",
    268_435_456,
  ),
  "shared_poll.concurrency_limit": int(64, count, "Requests to backends at a time."),
  ...live({
    "client.allowed_origins": list(
      undefined,
      "Origins that may connect, as globs. The server's own origin always may; absent: loopback origins, too.",
    ),
    "client.user_id_http_header": string("", "Header that carries the user id which a proxy in front has verified; replaces tokens."),
    ...under("client.token", {
      ...tokenOptions,
      hmac_secret_key: secret("Key of connection tokens signed with HS256, HS384, HS512. Without any key one is made at the first start."),
    }),
    "client.subscription_token.enabled": bool(false, "Verifies subscription tokens with the keys below instead of client.token's."),
    ...under("client.subscription_token", tokenOptions),
    "client.allow_anonymous_connect_without_token": bool(false, "A client may connect without a token, as nobody."),
    "client.disallow_anonymous_connection_tokens": bool(false, "Refuses tokens without a user id."),
    "client.insecure": bool(false, "Connects without tokens and allows everything. For development."),
    "client.insecure_skip_token_signature_verify": bool(false, "Believes every token. For development."),
    "client.connect_include_server_time": bool(false, "Puts the server's time into the connect reply."),
    "client.stale_close_delay": duration(10_000, "How long a socket may wait with its connect command (3502)."),
    "client.expired_close_delay": duration(25_000, "How long an expired connection may take to refresh (3005)."),
    "client.expired_sub_close_delay": duration(25_000, "How long an expired subscription may take to refresh."),
    "client.presence_update_interval": duration(27_000, "How often presence, positions and subscription expiry are looked at."),
    "client.channel_position_check_delay": duration(40_000, "How long a position may stay unchecked."),
    "client.channel_position_max_time_lag": duration(0, "Age at which a publication that arrives counts as lost. Empty: never."),
    "client.channel_limit": int(128, count, "Channels one connection may subscribe to (106, 3505).", count.max),
    "client.user_connection_limit": int(0, count, "Connections one user may have (3504). Empty: any number.", 0),
    "client.history_max_publication_limit": int(300, count, "Publications one history request of a client answers at most.", count.max),
    "client.recovery_max_publication_limit": int(
      300,
      count,
      "Publications one recovery brings at most; more missed is not recovered.",
      count.max,
    ),
    ...under("client.subscribe_to_user_personal_channel", {
      enabled: bool(false, "Subscribes every connection with a user id to that user's own channel."),
      personal_channel_namespace: string("", "Namespace of those channels."),
      single_connection: bool(false, "Keeps the newest connection of a user and closes the others. Needs presence there."),
    }),
    ...under("client.connect_code_to_unidirectional_disconnect", {
      enabled: bool(false, "One-way clients hear the disconnects below for errors of their connect."),
      transforms: objects("Disconnect by error code.", connectCodeDisconnect),
    }),
    "client.proxy.connect.enabled": bool(false, "Asks the operator's backend who a client without a token is."),
    ...under("client.proxy.connect", proxyOptions),
    "client.proxy.refresh.enabled": bool(false, "Asks it at the end of a connection's time whether it may stay."),
    ...under("client.proxy.refresh", proxyOptions),
    "shared_poll.hmac_secret_key": secret("Key of the signatures with which clients name the keys they follow."),
    "shared_poll.hmac_previous_secret_key": secret("The key before, while a rotation lasts."),
    "shared_poll.hmac_previous_secret_key_valid_until": int(
      0,
      unixSeconds,
      "Until when the key before holds, in Unix seconds. Empty: no end.",
    ),
  }),
} as const;

function connectCodeDisconnect(item: Fields): ConnectCodeDisconnect {
  const to = item.object("to");
  const code = item.integer("code");
  const disconnect = { code: to?.integer("code") ?? 0, reason: to?.text("reason") ?? "" };
  if (code === 0) throw new RuleBroken(`${item.place} has no code`);
  if (disconnect.code === 0) throw new RuleBroken(`${item.place}.to has no code`);
  checkReason(disconnect.reason, item.place);
  return { code, disconnect };
}
