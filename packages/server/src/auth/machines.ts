import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import type { ConnectAttempt, ConnectVerdict } from "@fleetcast/mqtt";
import type { Journal } from "@fleetcast/storage";
import type { Logger } from "../log.ts";

/** The form of a machine's id, which is also its MQTT user name (design section 6). */
export const vmIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Random bytes in a machine's secret: 192 bits, so that a plain SHA-256 is enough at rest (S21). */
const secretBytes = 24;

export interface MachineAuth {
  /** Never throws: a failure inside is a refusal (A3). */
  authenticate(attempt: ConnectAttempt): Promise<ConnectVerdict>;
  /** Gives the machine a new secret (the one before stops working) and answers it; it is shown this once. @throws BadMachineId */
  addMachine(vmId: string): Promise<string>;
  hasCredential(vmId: string): boolean;
  /** Called with the machine whose secret changed; the broker ends its connection (A1). One listener. */
  onCredentialChanged(listener: (vmId: string) => void): void;
}

export class BadMachineId extends Error {
  override readonly name = "BadMachineId";
}

export interface MachineAuthPorts {
  readonly journal: Pick<Journal, "append" | "fleet">;
  /** `mqtt.open_on_loopback`. */
  readonly openOnLoopback: boolean;
  /** `fleet.auto_register`. */
  readonly autoRegister: boolean;
  /** Shut out whatever they present. */
  readonly isBlocked?: ((vmId: string) => boolean) | undefined;
  /** Machines that appeared with their first message since the start; those in the journal are known anyway. */
  readonly knows?: ((vmId: string) => boolean) | undefined;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Logger;
}

const refusedIdentifier: ConnectVerdict = { ok: false, code: 2 };
const badCredentials: ConnectVerdict = { ok: false, code: 4 };
const notAuthorised: ConnectVerdict = { ok: false, code: 5 };

/** Loads the machines and answers every connect from memory: a reconnect storm costs one SHA-256 each. */
export async function createMachineAuth(ports: MachineAuthPorts): Promise<MachineAuth> {
  const secrets = new Map<string, Uint8Array | null>();
  for (const machine of await ports.journal.fleet.machines()) secrets.set(machine.vmId, machine.secretSha256);
  const known = (vmId: string) => secrets.has(vmId) || ports.knows?.(vmId) === true;
  let changed: (vmId: string) => void = () => {};

  function judge(attempt: ConnectAttempt): ConnectVerdict {
    const vmId = attempt.username;
    if (vmId === undefined || !vmIdPattern.test(vmId)) return badCredentials;
    if (!mayUseClientId(vmId, attempt.clientId, known)) return refusedIdentifier;
    const stored = secrets.get(vmId) ?? null;
    const admitted = (): ConnectVerdict => (ports.isBlocked?.(vmId) === true ? notAuthorised : { ok: true, vmId });
    // Its authority vouches for it: no password is asked for, also where there is one.
    if (attempt.certificate !== undefined) return known(vmId) || ports.autoRegister ? admitted() : notAuthorised;
    // A machine that has a credential must present it, on every listener.
    if (stored !== null) return presents(attempt.password, stored) ? admitted() : badCredentials;
    // Unknown and known without a credential answer alike: a stranger learns no names.
    if (!attempt.loopback || !ports.openOnLoopback) return badCredentials;
    return known(vmId) || ports.autoRegister ? admitted() : notAuthorised;
  }

  return {
    async authenticate(attempt) {
      try {
        return judge(attempt);
      } catch (cause) {
        ports.log.error({ cause: String(cause) }, "a machine's connect could not be judged and was refused");
        return notAuthorised;
      }
    },
    async addMachine(vmId) {
      if (!vmIdPattern.test(vmId))
        throw new BadMachineId("a machine id is 1 to 63 letters, digits, - or _, beginning with a letter or digit");
      const secret = randomBytes(secretBytes).toString("base64url");
      const secretSha256 = sha256(Buffer.from(secret));
      await stored(ports, { kind: "machine", vmId, secretSha256 });
      secrets.set(vmId, secretSha256);
      changed(vmId);
      return secret;
    },
    hasCredential: (vmId) => (secrets.get(vmId) ?? null) !== null,
    onCredentialChanged(listener) {
      changed = listener;
    },
  };
}

function stored({ journal, clock }: MachineAuthPorts, record: { kind: "machine"; vmId: string; secretSha256: Uint8Array }): Promise<void> {
  return new Promise((resolve, reject) => {
    journal.append({ atMs: clock.wallMs(), records: [record], publications: [] }, (outcome) => {
      if (outcome.verdict === "stored") resolve();
      else reject(new Error(`the store refused the machine: ${outcome.reason ?? outcome.verdict}`));
    });
  });
}

function presents(password: Uint8Array | undefined, storedSha256: Uint8Array): boolean {
  return password !== undefined && timingSafeEqual(sha256(password), storedSha256);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/**
 * Brokers end the older of two connections with one client id, so a client id that begins with another machine's id
 * could throw that machine out (A2, S2). The longest known machine id that the client id begins with must be one's own;
 * ids of nobody (a command line tool's random one) are free.
 */
function mayUseClientId(vmId: string, clientId: string, known: (vmId: string) => boolean): boolean {
  for (let end = Math.min(clientId.length, 63); end > 0; end -= 1) {
    const next = clientId[end];
    if (next !== undefined && /[A-Za-z0-9]/.test(next)) continue;
    const candidate = clientId.slice(0, end);
    if (candidate === vmId) return true;
    if (known(candidate)) return false;
  }
  return true;
}
