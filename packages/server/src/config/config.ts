import type { EngineOptions, RateLimit } from "@fleetcast/engine";
import type { TraceExportConfig } from "./tracing-environment.ts";

/**
 * The configuration as the rooms see it: read once, checked once, frozen, handed down in slices. The table that declares
 * each key with type, default, unit and sentence is `options.ts`; this is what comes out of it.
 */
export interface Config {
  /** Where it came from, for messages: a file's path, or "defaults". */
  readonly source: string;
  readonly dataDir: string;
  readonly http: HttpConfig;
  readonly api: ApiConfig;
  readonly client: ClientConfig;
  readonly engine: EngineOptions;
  /** Backends that are asked; the built-in policy is not among them. */
  readonly proxies: ProxiesConfig;
  /** Requests that we send; see `outgoing/destinations.ts`. */
  readonly outgoing: { readonly privateNetworks: readonly string[] };
  readonly sharedPoll: SharedPollSecrets;
  readonly websocket: WebSocketConfig & { readonly disabled: boolean };
  readonly httpStream: StreamConfig;
  readonly sse: StreamConfig;
  /** Open while `httpStream` or `sse` is. */
  readonly emulation: { readonly handlerPrefix: string; readonly bodyBytesMax: number };
  readonly uniWebsocket: UniWebSocketConfig;
  readonly uniSse: UniStreamConfig;
  readonly uniHttpStream: UniStreamConfig;
  readonly init: EndpointConfig;
  readonly mqtt: MqttConfig;
  readonly storage: StorageConfig;
  readonly push: PushConfig;
  readonly fleet: { readonly autoRegister: boolean };
  readonly auth: { readonly bearer: "read" | "off"; readonly sessionTtlMs: number };
  readonly dashboard: { readonly enabled: boolean; readonly publicUrl: string; readonly dir: string };
  readonly admin: AdminConfig;
  readonly prometheus: PrometheusConfig;
  readonly swagger: EndpointConfig;
  readonly debug: EndpointConfig;
  readonly openTelemetry: { readonly enabled: boolean; readonly api: boolean; readonly traces: TraceExportConfig };
  /** "" for none. */
  readonly pidFile: string;
  /** Where `/health` answers (`health.handler_prefix`); it always does. */
  readonly health: { readonly handlerPrefix: string };
  readonly secrets: SecretKeys;
  readonly log: { readonly level: "trace" | "debug" | "info" | "warn" | "error" | "none"; readonly file: string };
  readonly shutdownLimitMs: number;
}

/** Keys that nobody but us needs; they live in `<data>/secrets.json` and nowhere else (design section 7). */
export interface SecretKeys {
  /** Signs `meta.fleetcast` of the tokens we give to our own users. */
  readonly metaKey: string;
  /** Signs what the session cookie carries. */
  readonly sessionKey: string;
}

export interface HttpConfig {
  /** Empty: loopback only, 127.0.0.1 and ::1 both. */
  readonly address: string;
  readonly port: number;
  readonly internalAddress: string;
  /** 0: `/api`, health and proxies share the external port. */
  readonly internalPort: number;
  /** The operator states that TLS ends in front: plain text beyond loopback is allowed. */
  readonly tlsInFront: boolean;
  /** TLS of the external port, and of the internal one unless `internalTls` or `tlsExternal` says otherwise. */
  readonly tls: TlsConfig | undefined;
  /** TLS on the external port only. */
  readonly tlsExternal: boolean;
  readonly internalTls: TlsConfig | undefined;
  /** Strict-Transport-Security on answers of our own TLS, where it is open beyond this machine. */
  readonly hsts: boolean;
}

/** One TLS end that is switched on. PEM text, "" for none. */
export interface TlsConfig {
  readonly certPem: string;
  readonly keyPem: string;
  /** Where we connect: the authority that the server's certificate must come from. */
  readonly serverCaPem: string;
  /** Where we listen: set, a client must show a certificate of this authority. */
  readonly clientCaPem: string;
  readonly insecureSkipVerify: boolean;
  readonly serverName: string;
  /** Files that the PEM texts were read from. */
  readonly files: readonly string[];
}

export interface ApiConfig {
  readonly disabled: boolean;
  readonly handlerPrefix: string;
  /** "" only with `insecure`. */
  readonly key: string;
  readonly insecure: boolean;
  /** Stays on the external port although an internal one is set. */
  readonly external: boolean;
  readonly errorMode: "" | "transport";
  readonly bodyBytesMax: number;
  /** Requests under the key together; above it 429. */
  readonly rateLimit?: RateLimit | undefined;
}

export interface ClientConfig {
  /** undefined: key absent: loopback origins and same origin pass. Globs otherwise; same origin always passes. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly token: TokenConfig;
  readonly subscriptionToken: (TokenConfig & { readonly enabled: true }) | { readonly enabled: false };
  /** Believes every token that is right in form. For development. */
  readonly insecureSkipTokenSignatureVerify: boolean;
  /**
   * Signs the tokens of our own users where `token` cannot carry them: a key set (JWKS) replaces its keys, a regular expression
   * asks for an audience or issuer that we cannot make up. "" where `token.hmacSecretKey` signs them.
   */
  readonly ownTokenKey: string;
  /** Header, in lower case, that carries the user id which a proxy in front has verified; "" for none. */
  readonly userIdHttpHeader: string;
  /** Connections of this process; 0: any number. */
  readonly connectionsMax: number;
  /** New connections a second; 0: any number. */
  readonly connectionsPerSMax: number;
}

/** `client.token`, `client.subscription_token`: empty strings are not configured. */
export interface TokenConfig {
  readonly hmacSecretKey: string;
  /** The secret before, while a rotation lasts. */
  readonly hmacPreviousSecretKey: string;
  /** Until when it holds, Unix seconds; 0: no end. */
  readonly hmacPreviousSecretKeyValidUntilS: number;
  readonly rsaPublicKey: string;
  readonly ecdsaPublicKey: string;
  /** Address of a key set; replaces the keys above. May hold `{{group}}` of the two regular expressions. */
  readonly jwksPublicEndpoint: string;
  readonly insecureSkipJwksEndpointSafetyCheck: boolean;
  readonly audience: string;
  /** RE2 syntax, not anchored. */
  readonly audienceRegex: string;
  readonly issuer: string;
  readonly issuerRegex: string;
  readonly userIdClaim: string;
}

/** `shared_poll`: who may sign which keys a client follows. */
export interface SharedPollSecrets {
  readonly hmacSecretKey: string;
  readonly hmacPreviousSecretKey: string;
  /** Unix seconds; 0: no end. */
  readonly hmacPreviousSecretKeyValidUntilS: number;
}

/** One backend that is asked over HTTP. */
export interface ProxyConfig {
  /** `default`, or the name of one of `proxies[]`. */
  readonly name: string;
  readonly endpoint: string;
  readonly timeoutMs: number;
  /** Names of headers of the client's HTTP request that are passed on, in any case. */
  readonly httpHeaders: readonly string[];
  /** The same of the connect command's `headers`. */
  readonly emulatedHeaders: readonly string[];
  readonly staticHeaders: ReadonlyMap<string, string>;
  readonly statusTransforms: readonly StatusTransform[];
  readonly tls: OutgoingTls | undefined;
  /** Payloads travel as base64. */
  readonly binaryEncoding: boolean;
  readonly includeConnectionMeta: boolean;
}

/** What a status of the answer other than 200 means to the client. */
export interface StatusTransform {
  readonly statusCode: number;
  readonly to:
    | { readonly kind: "error"; readonly code: number; readonly message: string; readonly temporary: boolean }
    | { readonly kind: "disconnect"; readonly code: number; readonly reason: string };
}

/** TLS towards a backend beyond what every client does. PEM texts; "" for none. */
export interface OutgoingTls {
  /** Instead of the system's authorities. */
  readonly serverCaPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  /** Name that its certificate must have; "": the endpoint's. */
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
}

/** Who is asked. The proxies of a kind are its `default` and every one of `named`. */
export interface ProxiesConfig {
  readonly connect: ProxyConfig | undefined;
  readonly refresh: ProxyConfig | undefined;
  readonly subscribe: ProxyConfig | undefined;
  readonly subRefresh: ProxyConfig | undefined;
  readonly publish: ProxyConfig | undefined;
  readonly mapPublish: ProxyConfig | undefined;
  readonly mapRemove: ProxyConfig | undefined;
  readonly sharedPollRefresh: ProxyConfig | undefined;
  readonly rpc: ProxyConfig | undefined;
  readonly named: readonly ProxyConfig[];
}

export interface EndpointConfig {
  readonly enabled: boolean;
  readonly handlerPrefix: string;
}

export interface WebSocketConfig {
  readonly handlerPrefix: string;
  /** undefined: permessage-deflate is not offered. */
  readonly compression: { readonly aboveBytes: number } | undefined;
  readonly messageBytesMax: number;
  readonly decompressedMessageBytesMax: number;
  /** How long a client may take nothing of what it is sent (3009). */
  readonly writeTimeoutMs: number;
}

export interface UniWebSocketConfig extends WebSocketConfig, EndpointConfig {
  readonly disableClosingHandshake: boolean;
  readonly disableDisconnectPush: boolean;
  readonly joinPushMessages: boolean;
}

export interface StreamConfig extends EndpointConfig {
  readonly bodyBytesMax: number;
}

export interface UniStreamConfig extends StreamConfig {
  /** HTTP answer by code of a failed connect; undefined: the stream begins and says it. */
  readonly connectCodeToHttpResponse: ReadonlyMap<number, { readonly statusCode: number; readonly body: string }> | undefined;
}

export interface AdminConfig extends EndpointConfig {
  readonly password: string;
  readonly secret: string;
  readonly insecure: boolean;
  readonly external: boolean;
  readonly webPath: string;
  readonly webProxyAddress: string;
}

export interface PrometheusConfig extends EndpointConfig {
  readonly instrumentHttpHandlers: boolean;
  readonly recoveredPublicationsHistogram: boolean;
}

export interface MqttConfig {
  readonly enabled: boolean;
  /** "embedded", or `mqtt://user:password@host:1883` / `mqtts://...` of an external broker. */
  readonly broker: string;
  readonly address: string;
  readonly port: number;
  /** A listener of its own with TLS, beside the plain one or instead of it. */
  readonly tls: MqttTlsConfig | undefined;
  readonly openOnLoopback: boolean;
  readonly username: string;
  readonly password: string;
  /** PEM file of the authority that signed an external broker's certificate; "" for the system's. */
  readonly caFile: string;
  readonly clientId: string;
  readonly packetBytesMax: number;
  /** Unacknowledged messages taken from an external broker at once. */
  readonly inflightMax: number;
}

export interface MqttTlsConfig extends TlsConfig {
  /** As `MqttConfig.address`. */
  readonly address: string;
  readonly port: number;
  /** Nothing listens without TLS. */
  readonly only: boolean;
  /** `off` without an authority. */
  readonly clientCertificates: "off" | "optional" | "required";
}

export interface StorageConfig {
  readonly keepTelemetryMs: number;
  readonly keepEventsMs: number;
  readonly keepDeadLettersMax: number;
}

export interface PushConfig {
  readonly engine: "embedded" | "centrifugo";
  readonly centrifugo: {
    /** Base address of its HTTP API without `/api`, e.g. `http://127.0.0.1:8001`. */
    readonly url: string;
    readonly apiKey: string;
    /** Address that browsers use; "": the page's own host (nginx in front). */
    readonly publicUrl: string;
    /** Base address of our internal endpoints as it sees them; "": it runs beside us. */
    readonly proxyUrl: string;
    readonly answerTimeoutMs: number;
    /** Shared with its proxies; sent by them as header `X-Fleetcast-Proxy-Secret`. */
    readonly proxySecret: string;
  };
}
