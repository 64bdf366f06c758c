import { clientErrors, type Disconnect, disconnects } from "@fleetcast/protocol";
import type { EngineOptions } from "../options.ts";

const byDefault: ReadonlyMap<number, Disconnect> = new Map([
  [clientErrors.tokenExpired.code, disconnects.connectionExpired],
  [clientErrors.expired.code, disconnects.connectionExpired],
  [clientErrors.tooManyRequests.code, disconnects.tooManyRequests],
  [clientErrors.permissionDenied.code, disconnects.permissionDenied],
]);

/** The disconnect that a one-way client hears instead of a connect error. */
export function disconnectOfConnectError({ connectErrorDisconnects }: EngineOptions, code: number): Disconnect {
  return connectErrorDisconnects?.get(code) ?? byDefault.get(code) ?? disconnects.internal;
}
