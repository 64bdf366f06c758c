/** What of a client's HTTP request outlives it: for proxies and for `client.user_id_http_header`. */
export interface RequestDetails {
  /** Lower case. Only headers that some proxy forwards are kept; a connection costs no memory for any other. */
  readonly keptHeaders: readonly string[];
  /** Lower case; "" where nothing in front of us vouches for users. */
  readonly userHeader: string;
}

const none: ReadonlyMap<string, string> = new Map();

export function headersOf(request: Request, { keptHeaders }: RequestDetails): ReadonlyMap<string, string> {
  let kept: Map<string, string> | undefined;
  for (const name of keptHeaders) {
    const value = request.headers.get(name);
    if (value === null) continue;
    kept ??= new Map();
    kept.set(name, value);
  }
  return kept ?? none;
}

export function headerUserOf(request: Request, { userHeader }: RequestDetails): string | undefined {
  return userHeader === "" ? undefined : request.headers.get(userHeader) || undefined;
}
