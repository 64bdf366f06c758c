/** What is asked of a backend; the names are those of metrics and logs. */
export type ProxyType =
  | "connect"
  | "refresh"
  | "subscribe"
  | "sub_refresh"
  | "publish"
  | "rpc"
  | "map_publish"
  | "map_remove"
  | "shared_poll_refresh";

/** A backend did not answer, or not with an answer that can be read: the call failed, and the client hears no more than that (X1). */
export class ProxyFailure extends Error {
  override readonly name = "ProxyFailure";
  readonly type: ProxyType;
  readonly proxy: string;

  constructor(type: ProxyType, proxy: string, why: string, options?: ErrorOptions) {
    super(`the ${type} proxy ${proxy}: ${why}`, options);
    this.type = type;
    this.proxy = proxy;
  }
}
