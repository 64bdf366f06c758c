import { generateKeyPairSync } from "node:crypto";
import type { ConfigFile } from "../harness/rule.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
export const rsaPrivateKey = rsa.privateKey;
export const rsaPublicPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
export const subscriptionSecret = "the-secret-of-subscription-tokens-0000001";

/** Several keys, rules for `aud` and `iss`, another claim for the user, and keys of their own for subscription tokens. */
export const keys: ConfigFile = {
  client: {
    token: { rsa_public_key: rsaPublicPem, audience: "dashboards", issuer: "the-backend", user_id_claim: "login" },
    subscription_token: { enabled: true, hmac_secret_key: subscriptionSecret },
  },
  channel: { namespaces: [{ name: "closed", presence: true, allow_presence_for_client: true }] },
};
