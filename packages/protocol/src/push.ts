import type { Unsubscribe } from "./unsubscribe-code.ts";
import type { ClientInfo, Publication } from "./values.ts";

/** What the server says by itself, always about one channel. */
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
  | { readonly kind: "unsubscribe"; readonly channel: string; readonly unsubscribe: Unsubscribe };
