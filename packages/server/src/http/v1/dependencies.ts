import type { Clock } from "@fleetcast/engine";
import type { Journal } from "@fleetcast/storage";
import type { Audit } from "../../administration/audit.ts";
import type { Desk } from "../../administration/desk.ts";
import type { Tracer } from "../../administration/tracer.ts";
import type { Can } from "../../auth/policy.ts";
import type { Revocations } from "../../auth/revocations/revocations.ts";
import type { TokenSigner } from "../../auth/tokens/signer.ts";
import type { Login } from "../../auth/users/login.ts";
import type { Sessions } from "../../auth/users/sessions.ts";
import type { Users } from "../../auth/users/users.ts";
import type { Config } from "../../config/config.ts";
import type { FleetService } from "../../fleet/fleet-service.ts";
import type { Logger } from "../../log.ts";
import type { PushEngine } from "../../push/push-engine.ts";

/** The slices of the configuration that `/v1` reads. */
export type V1Config = Pick<Config, "http" | "mqtt" | "push" | "websocket"> & {
  readonly dashboard: Pick<Config["dashboard"], "publicUrl">;
};

/** What the routes of `/v1` are made of. */
export interface V1Dependencies {
  readonly login: Login;
  readonly sessions: Sessions;
  readonly signer: TokenSigner;
  readonly can: Can;
  readonly fleet: FleetService;
  readonly push: Pick<PushEngine, "info" | "lag" | "connections" | "disconnect">;
  readonly journal: Pick<Journal, "stats"> & { readonly fleet: Pick<Journal["fleet"], "deadLetters" | "audit"> };
  readonly users: Pick<Users, "all" | "byId">;
  readonly revocations: Pick<Revocations, "all" | "isBlocked">;
  readonly desk: Desk;
  readonly audit: Audit;
  readonly tracer: Tracer;
  readonly config: V1Config;
  /** Of Fleetcast, for `GET /v1/status`. */
  readonly version: string;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly log: Logger;
}
