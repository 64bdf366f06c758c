import { createAudit } from "../administration/audit.ts";
import { createDesk } from "../administration/desk.ts";
import { createMachineAuth } from "../auth/machines.ts";
import { loadRevocations } from "../auth/revocations/revocations.ts";
import { loadUsers } from "../auth/users/users.ts";
import type { Config } from "../config/config.ts";
import { type AdminActions, adminActions, adminKey, adminPaths, adminUrl } from "../lifecycle/admin-routes.ts";
import { internalRoutesTls, ownRequestTls } from "../lifecycle/certificates/internal-tls.ts";
import { readRunningFile } from "../lifecycle/running-file.ts";
import { openStore, StoreInUse } from "../lifecycle/store.ts";
import { systemClock } from "../runtime/clock.ts";
import { hash, verify } from "../runtime/password.ts";
import { CommandRefused, quietLogger } from "./context.ts";

/**
 * Does something to the data folder, whether a server runs on it or not: the store has one owner at a time, so a running
 * server is asked over its admin routes; otherwise the store is opened for a moment.
 * @throws CommandRefused, StartRefused
 */
export async function withAdmin<T>(config: Config, work: (actions: AdminActions) => Promise<T>): Promise<T> {
  try {
    const journal = await openStore(config, quietLogger);
    try {
      const ports = { journal, clock: systemClock, log: quietLogger };
      const users = await loadUsers({ ...ports, hasher: { hash, verify } });
      const revocations = await loadRevocations(ports);
      const machines = await createMachineAuth({
        ...ports,
        openOnLoopback: config.mqtt.openOnLoopback,
        autoRegister: config.fleet.autoRegister,
      });
      return await work(adminActions({ users, machines, desk: createDesk({ ...ports, revocations, users }), audit: createAudit(ports) }));
    } finally {
      await journal.close();
    }
  } catch (cause) {
    if (!(cause instanceof StoreInUse)) throw cause;
    return await work(remoteActions(config));
  }
}

function remoteActions(config: Config): AdminActions {
  const base = readRunningFile(config.dataDir) ?? adminUrl(config.http);
  const call = async <T>(path: string, body: unknown): Promise<T> => {
    const url = `${base}${path}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${adminKey(config.secrets)}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(15_000),
        ...(url.startsWith("https:") ? ownRequestTls(internalRoutesTls(config.http)) : {}),
      });
    } catch (cause) {
      throw new CommandRefused(`another process has ${config.dataDir} open, but does not answer at ${base}; try again in a moment`, {
        cause,
      });
    }
    const answer = (await response.json().catch(() => ({}))) as { message?: string };
    if (response.status === 400) throw new CommandRefused(answer.message ?? "the server refused the request");
    if (response.status !== 200)
      throw new CommandRefused(`the server at ${url} answered ${response.status}; is it the one on ${config.dataDir}?`);
    return answer as T;
  };
  return {
    addMachine: (vmId) => call(adminPaths.machines, { vm_id: vmId }),
    addUser: (name, role, password) => call(adminPaths.users, { name, role, password }),
    setPassword: (name, password) => call(adminPaths.passwords, { name, password }),
    shutOut: ({ what, subject, beforeS, untilMs, reason }) =>
      call(adminPaths.shutOut, { what, subject, before_s: beforeS, until_ms: untilMs, reason }),
    letIn: (what, subject) => call(adminPaths.letIn, { what, subject }),
  };
}
