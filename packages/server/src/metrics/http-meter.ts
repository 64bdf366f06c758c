const knownMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"]);

/** Counts HTTP answers by route, method and status. Told only where `prometheus.instrument_http_handlers` is on. */
export class HttpMeter {
  readonly #counts = new Map<string, number>();

  /** `path` is that of a route, hence one of few; undefined where none was found. */
  answered(path: string | undefined, method: string, status: number): void {
    const key = `${path ?? "other"} ${knownMethods.has(method) ? method : "other"} ${status}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  *entries(): Generator<readonly [path: string, method: string, status: string, count: number]> {
    for (const [key, count] of this.#counts) {
      const [path = "", method = "", status = ""] = key.split(" ");
      yield [path, method, status, count];
    }
  }
}
