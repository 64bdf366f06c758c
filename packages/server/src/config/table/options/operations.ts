import { bool, duration, int, oneOf, secret, string, url } from "../option.ts";
import { refused, under, unneeded } from "../standing.ts";
import { path } from "./http-server.ts";

const logLevel = oneOf("info", ["trace", "debug", "info", "warn", "error", "none"], "What is written to the log.");

/** Existing files write it in capitals, or ask for less than we have: what ends us is an error, too. */
function plainLevel(raw: unknown): unknown {
  const level = typeof raw === "string" ? raw.toLowerCase() : raw;
  return level === "fatal" ? "error" : level;
}

/** Logs, metrics, probes, the admin page: how a running server is looked at and ended. */
export const operationsOptions = {
  "log.level": { ...logLevel, parse: (raw: unknown) => logLevel.parse(plainLevel(raw), {}) },
  "log.file": string("", "File the log goes to. Empty: standard output."),
  "health.enabled": bool(true, "Health is always answered; the key is read because existing files carry it."),
  "health.handler_prefix": string("/health", "Path that answers 200 `{}` while the process lives.", path),
  ...under("prometheus", {
    enabled: bool(false, "Serves metrics in Prometheus's format."),
    handler_prefix: string("/metrics", "Their path.", path),
    instrument_http_handlers: bool(false, "Measures every HTTP endpoint as well."),
    recovered_publications_histogram: bool(false, "Measures how many publications recoveries bring."),
    native_histograms: unneeded(bool(false, "Uses Prometheus's native histograms."), "histograms are of the classic kind"),
  }),
  ...under("admin", {
    enabled: bool(false, "Serves the admin API."),
    handler_prefix: string("", "What its paths begin with.", path),
    password: secret("Password of the admin."),
    secret: secret("Key that signs the admin's login."),
    insecure: bool(false, "Asks for no login. For development."),
    web_path: unneeded(string("", "Folder of another admin page."), "the page is the dashboard; serve another with your web server"),
    web_proxy_address: unneeded(
      url("", ["http:", "https:"], "Address that another admin page is fetched from."),
      "the page is the dashboard; serve another with your web server",
    ),
    external: bool(false, "Keeps it on http_server.port although an internal port is set."),
  }),
  ...under("swagger", {
    enabled: bool(false, "Serves the API explorer of `/v1/explorer` here as well, beside the server API."),
    handler_prefix: string("/swagger", "Its path.", path),
  }),
  ...under("debug", {
    enabled: refused(
      bool(false, "Serves profiles of the running process."),
      "those are profiles of a Go program; started from its sources, Fleetcast is looked into with `bun --cpu-prof` and `--inspect`",
    ),
    handler_prefix: string("/debug/pprof", "Their path.", path),
  }),
  ...under("opentelemetry", {
    enabled: bool(false, "Sends traces; where to is in the variables `OTEL_...`."),
    api: bool(false, "Traces the server API."),
    consuming: unneeded(bool(false, "Traces consumers."), "there are no consumers"),
    google_cloud_adc_auth: refused(bool(false, "Proves itself to Google Cloud."), "send the traces to a collector that does"),
  }),
  ...under("graphite", {
    enabled: refused(bool(false, "Sends metrics to Graphite."), "scrape prometheus.enabled; Graphite's own tools read that"),
    host: string("localhost", "Its host."),
    port: int(2_003, { min: 1, max: 65_535 }, "Its port."),
    prefix: string("centrifugo", "What names begin with."),
    interval: duration(10_000, "How often."),
    tags: bool(false, "Puts labels into tags."),
  }),
  "node.name": string("", "Name of this node in `info`. Empty: `<host name>_<port>`."),
  "node.info_metrics_aggregate_interval": unneeded(
    duration(60_000, "How often the numbers in `info` are added up."),
    "`info` tells the numbers of the moment",
  ),
  "shutdown.timeout": duration(30_000, "Time that draining may take after SIGTERM."),
  pid_file: string("", "File that holds the process's id while it runs."),
  "usage_stats.disabled": unneeded(bool(false, "Sends no usage statistics."), "none are ever sent"),
  enable_unreleased_features: unneeded(bool(false, "Switches unfinished features on."), "there are none behind a switch"),
} as const;
