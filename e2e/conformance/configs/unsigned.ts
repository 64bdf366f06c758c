import type { ConfigFile } from "../harness/rule.ts";

/** Tokens are believed whoever signed them: for development. */
export const unsigned: ConfigFile = {
  client: { insecure_skip_token_signature_verify: true, token: { audience: "dashboards" } },
  channel: { namespaces: [{ name: "closed" }] },
};
