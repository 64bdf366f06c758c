/**
 * Is a machine there? One judgement with a stated reason (rule I8), made from everything that says something about it:
 * its birth and will with their boot, its own goodbye, any message at all, its connection (embedded broker), and silence.
 *
 *   what is observed                          from online            from offline / unknown
 *   ----------------------------------------  ---------------------  ---------------------------------
 *   birth, boot not seen before               announce online again  online, `birth`
 *   birth, same boot; any message             (alive)                online, `birth` or `activity`
 *   connected                                 (alive)                online, `activity`; told after the grace
 *   goodbye (status offline, by itself)       offline, `status`      offline, `status`
 *   will; connection lost                     after the hold         after the hold (unknown only)
 *   anything of an earlier boot               alive, nothing else    online by activity, boot unchanged
 *   nothing for the silence limit             offline, `silence`     offline, `silence` (unknown only)
 *
 * The hold: a will says that a connection ended, not that the machine is gone. When the same machine takes its connection
 * over, the broker publishes the old one's will in the same moment, so a will waits `holdMs` and is dropped when anything is
 * heard, or a connection stands, before that.
 *
 * The grace: a machine that connects says its birth in the next moment, and often with a new boot. The state is true at once,
 * the event waits `graceMs` for that birth, so that one coming back is told once.
 *
 * `announced` is what the last published event said; a restart of the server shows `unknown` until a machine is heard, but
 * announces nothing that was announced before.
 */
export type StateReason = "birth" | "will" | "status" | "activity" | "silence" | "connection_lost" | "restart" | "never_seen";

export interface DeviceState {
  state: "online" | "offline" | "unknown";
  reason: StateReason;
  announced: "online" | "offline" | null;
  boot: string | null;
  /** Newest last; at most `earlierBootsMax`. */
  readonly earlierBoots: string[];
  /** Online since its connection, and nobody was told yet (the grace). */
  untoldSinceMs: number | null;
  /** It has a connection at the embedded broker; never true with an external one. */
  connected: boolean;
  /** Monotonic milliseconds; null for a machine never heard by anybody. */
  heardMs: number | null;
  /** Said to be gone, not yet believed (the hold). */
  going: { readonly reason: "will" | "connection_lost"; readonly sinceMs: number } | null;
}

export type Observation =
  /** Any message that is not a status. */
  | { readonly kind: "heard"; readonly boot: string | undefined }
  | { readonly kind: "birth"; readonly boot: string | undefined }
  | { readonly kind: "goodbye"; readonly boot: string | undefined }
  | { readonly kind: "will"; readonly boot: string | undefined }
  | { readonly kind: "connected" }
  /** Its last connection ended. `graceful`: with DISCONNECT, or not known to be otherwise. */
  | { readonly kind: "closed"; readonly graceful: boolean }
  /** The broker's memory of a status (retained): it decides only where nothing is known. */
  | { readonly kind: "remembered"; readonly state: "online" | "offline"; readonly boot: string | undefined }
  | { readonly kind: "time"; readonly silenceMs: number };

export interface Transition {
  readonly to: "online" | "offline";
  readonly reason: StateReason;
  readonly boot: string | null;
  /** Whether subscribers are told by an event; false when the last event said the same already. */
  readonly announce: boolean;
}

export const earlierBootsMax = 8;
/** Below the 5 s that rule I8 gives a state to become true after the keep-alive found a machine gone. */
export const holdMs = 3_000;
/** From a connection to the birth that follows it; a slow link needs a second or two for CONNACK and PUBLISH. */
export const graceMs = 2_000;

export function newDevice(): DeviceState {
  return {
    state: "unknown",
    reason: "never_seen",
    announced: null,
    boot: null,
    earlierBoots: [],
    untoldSinceMs: null,
    connected: false,
    heardMs: null,
    going: null,
  };
}

/** After a restart: who was online is unknown until heard; who was offline stays so. */
export function restoredDevice(state: "online" | "offline" | "unknown", reason: string, boot: string | null, nowMs: number): DeviceState {
  const device = newDevice();
  device.boot = boot;
  if (state === "unknown") return device;
  device.announced = state;
  device.state = state === "online" ? "unknown" : "offline";
  device.reason = state === "online" ? "restart" : (reason as StateReason);
  device.heardMs = nowMs;
  return device;
}

/** Judges one observation, in arrival order, and changes the state; the answer is what others must be told. */
export function observe(device: DeviceState, seen: Observation, nowMs: number): Transition | undefined {
  switch (seen.kind) {
    case "heard":
      takeBoot(device, seen.boot);
      return alive(device, "same", "activity", nowMs);
    case "birth":
      return alive(device, takeBoot(device, seen.boot), "birth", nowMs);
    case "connected":
      device.connected = true;
      return connected(device, nowMs);
    case "goodbye":
      if (isEarlier(device, seen.boot)) return undefined;
      takeBoot(device, seen.boot);
      device.heardMs = nowMs;
      device.going = null;
      return gone(device, "status");
    case "will":
      if (device.announced === null && device.untoldSinceMs === null) return firstHeardAsGone(device, seen.boot, nowMs);
      if (!isEarlier(device, seen.boot) && device.state !== "offline") device.going ??= { reason: "will", sinceMs: nowMs };
      return undefined;
    case "closed":
      device.connected = false;
      if (!seen.graceful && device.state === "online") {
        device.going ??= { reason: "connection_lost", sinceMs: nowMs };
      }
      return undefined;
    case "remembered":
      return remembered(device, seen.state, seen.boot, nowMs);
    case "time":
      return timePassed(device, seen.silenceMs, nowMs);
  }
}

function alive(device: DeviceState, boot: BootVerdict, reason: "birth" | "activity", nowMs: number): Transition | undefined {
  device.heardMs = nowMs;
  device.going = null;
  const restarted = reason === "birth" && boot === "new" && device.state === "online";
  if (device.state === "online" && !restarted && device.untoldSinceMs === null) return undefined;
  device.untoldSinceMs = null;
  device.state = "online";
  device.reason = reason;
  const announce = device.announced !== "online" || (reason === "birth" && boot === "new");
  device.announced = "online";
  return { to: "online", reason, boot: device.boot, announce };
}

function connected(device: DeviceState, nowMs: number): Transition | undefined {
  // Told online already (by the process before): nothing is owed.
  if (device.state === "online" || device.announced === "online") return alive(device, "same", "activity", nowMs);
  device.heardMs = nowMs;
  device.going = null;
  device.state = "online";
  device.reason = "activity";
  device.untoldSinceMs = nowMs;
  return { to: "online", reason: "activity", boot: device.boot, announce: false };
}

function gone(device: DeviceState, reason: StateReason): Transition | undefined {
  if (device.state === "offline") return undefined;
  device.state = "offline";
  device.reason = reason;
  device.untoldSinceMs = null;
  // Who came within the grace and went again was told offline last.
  const announce = device.announced !== "offline";
  device.announced = "offline";
  return { to: "offline", reason, boot: device.boot, announce };
}

/** A machine whose first sign is its will: it is known now, and it is gone. */
function firstHeardAsGone(device: DeviceState, boot: string | undefined, nowMs: number): Transition | undefined {
  takeBoot(device, boot);
  device.heardMs = nowMs;
  return gone(device, "will");
}

function remembered(device: DeviceState, state: "online" | "offline", boot: string | undefined, nowMs: number): Transition | undefined {
  if (device.state !== "unknown" || isEarlier(device, boot)) return undefined;
  if (state === "online") return alive(device, takeBoot(device, boot), "birth", nowMs);
  takeBoot(device, boot);
  device.heardMs ??= nowMs;
  return gone(device, "will");
}

function timePassed(device: DeviceState, silenceMs: number, nowMs: number): Transition | undefined {
  const { going, untoldSinceMs } = device;
  if (untoldSinceMs !== null && nowMs - untoldSinceMs >= graceMs) return alive(device, "same", "activity", device.heardMs ?? nowMs);
  if (going !== null && nowMs - going.sinceMs >= holdMs) {
    device.going = null;
    if (!device.connected) return gone(device, going.reason);
  }
  if (device.state === "offline" || device.connected || device.heardMs === null) return undefined;
  return nowMs - device.heardMs >= silenceMs ? gone(device, "silence") : undefined;
}

type BootVerdict = "same" | "new" | "earlier";

function isEarlier(device: DeviceState, boot: string | undefined): boolean {
  return boot !== undefined && boot !== device.boot && device.earlierBoots.includes(boot);
}

/** Boots are random: one that was current before is earlier, one never seen is newer. */
function takeBoot(device: DeviceState, boot: string | undefined): BootVerdict {
  if (boot === undefined || boot === device.boot) return "same";
  if (device.earlierBoots.includes(boot)) return "earlier";
  if (device.boot !== null) {
    device.earlierBoots.push(device.boot);
    if (device.earlierBoots.length > earlierBootsMax) device.earlierBoots.shift();
  }
  const first = device.boot === null;
  device.boot = boot;
  return first && device.announced !== null ? "same" : "new";
}
