import type { TokenSigner } from "./signer.ts";

/** A signer whose keys a reload exchanges, for those who hold it. */
export interface LiveSigner {
  readonly signer: TokenSigner;
  replace(next: TokenSigner): void;
}

export function liveSigner(first: TokenSigner): LiveSigner {
  let current = first;
  return {
    signer: {
      signConnectionToken: (...args) => current.signConnectionToken(...args),
      signSubscriptionToken: (...args) => current.signSubscriptionToken(...args),
      signBearerToken: (...args) => current.signBearerToken(...args),
    },
    replace(next) {
      current = next;
    },
  };
}
