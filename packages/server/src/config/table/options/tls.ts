import { bool, string } from "../option.ts";
import { pem } from "../option-compound.ts";
import { unneeded } from "../standing.ts";

/** One TLS end, ours or that of a connection that we make: the same seven keys wherever Centrifugo has one. */
export const tlsOptions = {
  enabled: bool(false, "Switches TLS on."),
  cert_pem: pem("Our certificate, with its chain."),
  key_pem: { ...pem("Private key of that certificate."), kind: "secret" as const },
  server_ca_pem: pem("Authority that the other side's certificate must come from, where we connect."),
  client_ca_pem: pem("Authority that a client's certificate must come from; set, a client must show one."),
  insecure_skip_verify: bool(false, "Takes any certificate of the other side."),
  server_name: string("", "Name that the other side's certificate must carry, where it is not the address's."),
} as const;

/** The same keys of a listener: another certificate is taken while everything runs. */
export const listenerTlsOptions = {
  ...tlsOptions,
  cert_pem: { ...tlsOptions.cert_pem, live: true as const },
  key_pem: { ...tlsOptions.key_pem, live: true as const },
  client_ca_pem: { ...tlsOptions.client_ca_pem, live: true as const },
  insecure_skip_verify: unneeded(tlsOptions.insecure_skip_verify, "a listener asks for certificates by client_ca_pem alone"),
} as const;
