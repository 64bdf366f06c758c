import type { Disconnect } from "./disconnect-code.ts";
import type { ConnectResult, RefreshResult } from "./reply.ts";
import type { Unsubscribe } from "./unsubscribe-code.ts";
import type { ClientInfo, Publication } from "./values.ts";

/** What the server says by itself. Most of it is about one channel. */
export type Push =
  | {
      readonly kind: "publication";
      readonly channel: string;
      readonly publication: Publication;
      /** Only with the live push of a stream's first publication (offset 1). */
      readonly epoch?: string | undefined;
    }
  | { readonly kind: "join"; readonly channel: string; readonly info: ClientInfo }
  | { readonly kind: "leave"; readonly channel: string; readonly info: ClientInfo }
  | { readonly kind: "unsubscribe"; readonly channel: string; readonly unsubscribe: Unsubscribe }
  /** The server subscribed this connection by itself. */
  | { readonly kind: "subscribe"; readonly channel: string; readonly subscribe: SubscribePush }
  | { readonly kind: "refresh"; readonly refresh: RefreshResult }
  /** The connect reply of one-way transports, which have no replies. */
  | { readonly kind: "connect"; readonly connect: ConnectResult }
  /** The close frame of transports that have none. */
  | { readonly kind: "disconnect"; readonly disconnect: Disconnect };

export interface SubscribePush {
  readonly recoverable?: boolean | undefined;
  readonly epoch?: string | undefined;
  readonly offset?: number | undefined;
  readonly positioned?: boolean | undefined;
  readonly data?: Uint8Array | undefined;
}
