import { Chance, mixSeed } from "./chance.ts";
import { CommandResponder } from "./command-responder.ts";
import { goodsOnSale } from "./goods.ts";
import { MachinePhysics, type PhysicsEvent } from "./machine-physics.ts";
import { ackPayload, eventPayload, type Identity, type MachineEvent, statusPayload, telemetryPayload } from "./payloads.ts";
import type { ConnectDevice, DeviceLink, SimulatorClock } from "./ports.ts";
import type { MachineTopics } from "./topics.ts";

export interface VirtualMachineSettings {
  readonly vmId: string;
  readonly url: string;
  readonly password: string | undefined;
  readonly username: string;
  readonly topics: MachineTopics;
  readonly intervalMs: number;
  readonly qos: 0 | 1;
  readonly seed: number;
  readonly answerCommands: boolean;
  readonly failRate: number;
  /** How often things happen, relative to a real machine: 1 is a sale every few minutes. */
  readonly liveliness: number;
  readonly connect: ConnectDevice;
  readonly clock: SimulatorClock;
  readonly counters: FleetCounters;
}

export interface FleetCounters {
  connected: number;
  published: number;
  acknowledged: number;
  /** Not sent, because too much was un-acknowledged: a machine's memory is small. */
  dropped: number;
  /** Received, repeated ones included. */
  commands: number;
}

/** Messages a machine keeps while the broker is away. */
const unacknowledgedMax = 200;
const saleEveryS = 150;
const shakeEveryS = 3_000;
/** A knock is reported and no more; from here on it is an alarm, which stays open for a while. */
const shakeWarningG = 3.2;
const shakeCriticalG = 4.2;
const restartMs = 3_000;
const commandWorkMs = 400;
/** The physics is stepped finely also when reports are rare. */
const stepS = 2;

/** One vending machine: its freezer, its sales, its MQTT connection, its commands. */
export class VirtualMachine {
  readonly #settings: VirtualMachineSettings;
  readonly #chance: Chance;
  readonly #physics: MachinePhysics;
  readonly #commands: CommandResponder;
  #link: DeviceLink | undefined;
  #identity: Identity;
  #bootCount = 0;
  #seq = 0;
  #unacknowledged = 0;
  #connected = false;
  #salesLocked = false;
  #lastStepMs: number;
  #cancelTick: () => void = () => undefined;
  #onConnected: Array<() => void> = [];
  #stopped = false;

  constructor(settings: VirtualMachineSettings) {
    this.#settings = settings;
    this.#chance = new Chance(mixSeed(settings.seed, settings.vmId));
    this.#physics = new MachinePhysics(this.#chance);
    this.#lastStepMs = settings.clock.wallMs();
    this.#identity = { id: settings.vmId, boot: this.#newBoot() };
    this.#commands = new CommandResponder(
      settings.clock,
      this.#chance,
      { failRate: settings.failRate, workMs: commandWorkMs },
      {
        restart: (done) => this.#restart(done),
        lockSales: (locked) => {
          this.#salesLocked = locked;
        },
        unlockDoor: () => this.#unlockDoor(),
        setTemperature: (targetC) => {
          this.#physics.setPointC = targetC;
        },
      },
      (commandId, answer) => this.#ack(commandId, answer),
    );
  }

  start(): void {
    this.#switchOn();
    // Machines do not report in step: each begins somewhere in its first interval.
    this.#tickLater(this.#chance.next() * this.#settings.intervalMs);
  }

  /** Says goodbye, so that nobody waits for a will. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTick();
    const link = this.#link;
    if (link === undefined) return;
    await new Promise<void>((resolve) => {
      if (this.#connected) this.#status("offline", resolve);
      else resolve();
    });
    await link.end();
    this.#disconnected();
  }

  /** As when somebody pulls the plug; the machine comes back after `outageMs` with a new boot. */
  losePower(outageMs: number): void {
    this.#link?.cut();
    this.#switchOff();
    this.#settings.clock.schedule(outageMs, () => this.#switchOn());
  }

  breakFreezer(): void {
    this.#physics.breakFreezer();
  }

  #switchOn(): void {
    if (this.#stopped || this.#link !== undefined) return;
    const settings = this.#settings;
    this.#bootCount++;
    this.#identity = { id: settings.vmId, boot: this.#newBoot() };
    this.#seq = 0;
    this.#unacknowledged = 0;
    const link: DeviceLink = settings.connect({
      url: settings.url,
      clientId: settings.vmId,
      username: settings.username,
      password: settings.password,
      will: { topic: settings.topics.status, payload: statusPayload(this.#identity, "offline", undefined), qos: 1, retain: true },
      subscribeTo: settings.answerCommands ? settings.topics.cmd : undefined,
      onConnected: () => this.#nowConnected(link),
      onDisconnected: () => {
        if (this.#link === link) this.#disconnected();
      },
      onMessage: (payload) => {
        if (this.#link !== link) return;
        settings.counters.commands++;
        this.#commands.take(payload);
      },
    });
    this.#link = link;
  }

  #switchOff(): void {
    this.#link = undefined;
    this.#disconnected();
  }

  #nowConnected(link: DeviceLink): void {
    if (this.#link !== link) return;
    if (!this.#connected) this.#settings.counters.connected++;
    this.#connected = true;
    this.#status("online");
    const waiting = this.#onConnected;
    this.#onConnected = [];
    for (const task of waiting) task();
  }

  #disconnected(): void {
    if (this.#connected) this.#settings.counters.connected--;
    this.#connected = false;
  }

  #restart(done: () => void): void {
    this.#onConnected.push(done);
    const link = this.#link;
    this.#status("offline", () => {
      void link?.end();
    });
    this.#switchOff();
    this.#settings.clock.schedule(restartMs, () => this.#switchOn());
  }

  #unlockDoor(): string | undefined {
    const opened = this.#physics.openDoor();
    if (opened === undefined) return "the door is open already";
    this.#physicsEvent(opened);
    return undefined;
  }

  #tickLater(delayMs: number): void {
    this.#cancelTick = this.#settings.clock.schedule(delayMs, () => {
      this.#tick();
      if (!this.#stopped) this.#tickLater(this.#settings.intervalMs);
    });
  }

  #tick(): void {
    const nowMs = this.#settings.clock.wallMs();
    let elapsedS = Math.max(0, (nowMs - this.#lastStepMs) / 1_000);
    this.#lastStepMs = nowMs;
    while (elapsedS > 0) {
      const partS = Math.min(elapsedS, stepS);
      for (const event of this.#physics.step(partS)) this.#physicsEvent(event);
      this.#live(partS);
      elapsedS -= partS;
    }
    this.#telemetry(nowMs);
  }

  #live(elapsedS: number): void {
    const busyS = elapsedS * this.#settings.liveliness;
    if (!this.#salesLocked && this.#physics.doorClosed && this.#chance.happens(busyS, saleEveryS)) this.#sell();
    if (this.#chance.happens(busyS, shakeEveryS)) this.#shake();
  }

  #sell(): void {
    const { slot, product, price } = this.#chance.pick(goodsOnSale);
    this.#event({ type: "vend_success", severity: "info", data: { product, slot, price, currency: "CNY" } });
  }

  #shake(): void {
    const strengthG = Math.round(this.#chance.between(1.2, 4.5) * 10) / 10;
    const severity = strengthG >= shakeCriticalG ? "critical" : strengthG >= shakeWarningG ? "warning" : "info";
    this.#event({ type: "shake", severity, data: { strength_g: strengthG } });
  }

  #physicsEvent(event: PhysicsEvent): void {
    if (event.kind === "door") {
      this.#event({ type: "door", severity: "info", data: { open: event.open } });
      return;
    }
    const raised = event.kind === "too_warm";
    const temperature = Math.round(event.temperatureC * 10) / 10;
    this.#event({
      type: "alarm",
      severity: raised ? "critical" : "info",
      // One event type for all rules; `cleared` ends the alarm that the event of this type opened.
      data: { rule: "temperature_high", state: raised ? "raised" : "cleared", cleared: !raised, temperature_c: temperature, limit_c: -12 },
    });
  }

  #telemetry(nowMs: number): void {
    if (!this.#hasRoom()) return;
    const { voltageV, doorClosed, airC, goodsC } = this.#physics;
    const reading = { voltageV, doorClosed, temperaturesC: [airC, goodsC] };
    this.#send(this.#settings.topics.telemetry, telemetryPayload(this.#identity, ++this.#seq, nowMs, reading), this.#settings.qos, false);
  }

  #event(event: MachineEvent): void {
    if (!this.#hasRoom()) return;
    const nowMs = this.#settings.clock.wallMs();
    this.#send(this.#settings.topics.events, eventPayload(this.#identity, ++this.#seq, nowMs, event), 1, false);
  }

  #status(state: "online" | "offline", onSettled?: () => void): void {
    const payload = statusPayload(this.#identity, state, this.#settings.clock.wallMs());
    this.#send(this.#settings.topics.status, payload, 1, true, onSettled);
  }

  #ack(commandId: string, answer: { readonly state: Parameters<typeof ackPayload>[1]; readonly detail: string | undefined }): void {
    const payload = ackPayload(commandId, answer.state, this.#settings.clock.wallMs(), answer.detail);
    this.#send(this.#settings.topics.ack, payload, 1, false);
  }

  /** Decided before a sequence number is given: what is dropped here must not look like a gap. */
  #hasRoom(): boolean {
    if (this.#link !== undefined && this.#unacknowledged < unacknowledgedMax) return true;
    if (this.#link !== undefined) this.#settings.counters.dropped++;
    return false;
  }

  #send(topic: string, payload: string, qos: 0 | 1, retain: boolean, onSettled?: () => void): void {
    const { counters } = this.#settings;
    const link = this.#link;
    if (link === undefined) {
      onSettled?.();
      return;
    }
    this.#unacknowledged++;
    counters.published++;
    link.publish({ topic, payload, qos, retain }, (acknowledged) => {
      if (this.#link === link) this.#unacknowledged--;
      if (acknowledged) counters.acknowledged++;
      onSettled?.();
    });
  }

  /** Of the start's time too: a second run with the same seed is another start of the machine, not a repetition of the first. */
  #newBoot(): string {
    const { seed, vmId, clock } = this.#settings;
    const parts = [seed, vmId, clock.wallMs(), this.#bootCount] as const;
    return [mixSeed("boot", ...parts), mixSeed(...parts, "boot")].map((part) => part.toString(16).padStart(8, "0")).join("");
  }
}
