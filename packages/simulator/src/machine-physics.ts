import type { Chance } from "./chance.ts";

/**
 * What a vending machine's freezer, door and mains do over time. Simple laws that look right on a chart: a compressor
 * that cycles around its set point, warm air when the door opens, a mains voltage that wanders and dips when the
 * compressor starts, now and then a freezer that fails and is repaired.
 */

const coolingPerS = 0.022;
const leakPerS = 0.000_12;
const doorLeakPerS = 0.002_2;
const ambientC = 24;
/** Half of the compressor's switching band. */
const bandC = 0.6;
const alarmAboveC = -12;
const alarmClearsBelowC = -15;
const voltageCentreV = 221;

const doorOpensEveryS = 1_800;
const doorStaysOpenS = 20;
const freezerFailsEveryS = 14_400;
/** The air is then some 3 degrees beyond the limit: its alarm lasts about eight minutes and ends by itself. */
const repairAfterS = 420;

export type PhysicsEvent =
  | { readonly kind: "door"; readonly open: boolean }
  | { readonly kind: "too_warm"; readonly temperatureC: number }
  | { readonly kind: "cold_again"; readonly temperatureC: number };

export class MachinePhysics {
  setPointC = -18.5;
  doorClosed = true;
  /** Air near the door, and the goods behind it, which follow slowly. */
  airC: number;
  goodsC: number;
  voltageV: number;
  tooWarm = false;
  readonly #chance: Chance;
  #compressorOn: boolean;
  #doorOpenForS = 0;
  #brokenForS: number | undefined;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.airC = this.setPointC + chance.between(-bandC, bandC);
    this.goodsC = this.setPointC + chance.between(-0.3, 0.3);
    this.voltageV = voltageCentreV + chance.noise() * 1.5;
    this.#compressorOn = chance.next() < 0.4;
  }

  /** Time passes, at most a few seconds at once. */
  step(elapsedS: number): readonly PhysicsEvent[] {
    const events: PhysicsEvent[] = [];
    this.#moveDoor(elapsedS, events);
    this.#runCompressor(elapsedS);
    this.#moveHeat(elapsedS);
    this.#moveVoltage(elapsedS);
    this.#judge(events);
    return events;
  }

  /** @returns undefined when it is open already. */
  openDoor(): PhysicsEvent | undefined {
    if (!this.doorClosed) return undefined;
    this.doorClosed = false;
    this.#doorOpenForS = 0;
    return { kind: "door", open: true };
  }

  breakFreezer(): void {
    this.#brokenForS ??= 0;
  }

  #moveDoor(elapsedS: number, events: PhysicsEvent[]): void {
    if (this.doorClosed) {
      const opened = this.#chance.happens(elapsedS, doorOpensEveryS) ? this.openDoor() : undefined;
      if (opened !== undefined) events.push(opened);
      return;
    }
    this.#doorOpenForS += elapsedS;
    if (this.#doorOpenForS < doorStaysOpenS) return;
    this.doorClosed = true;
    events.push({ kind: "door", open: false });
  }

  #runCompressor(elapsedS: number): void {
    if (this.#brokenForS === undefined) {
      if (this.#chance.happens(elapsedS, freezerFailsEveryS)) this.#brokenForS = 0;
    } else {
      this.#brokenForS += elapsedS;
      if (this.#brokenForS >= repairAfterS) this.#brokenForS = undefined;
    }
    const wanted = this.#compressorOn ? this.airC > this.setPointC - bandC : this.airC > this.setPointC + bandC;
    const runs = wanted && this.#brokenForS === undefined;
    if (runs && !this.#compressorOn) this.voltageV -= 2.5;
    this.#compressorOn = runs;
  }

  #moveHeat(elapsedS: number): void {
    // A failed freezer warms faster than physics would: a demo shows its alarm within minutes, not hours.
    const leak = (this.doorClosed ? leakPerS : doorLeakPerS) + (this.#brokenForS === undefined ? 0 : 0.000_5);
    this.airC += (ambientC - this.airC) * leak * elapsedS;
    if (this.#compressorOn) this.airC -= coolingPerS * elapsedS;
    this.goodsC += (this.airC - this.goodsC) * Math.min(1, elapsedS / 180);
  }

  #moveVoltage(elapsedS: number): void {
    this.voltageV += (voltageCentreV - this.voltageV) * Math.min(1, elapsedS / 30) + this.#chance.noise() * 0.6;
  }

  #judge(events: PhysicsEvent[]): void {
    if (!this.tooWarm && this.airC > alarmAboveC) {
      this.tooWarm = true;
      events.push({ kind: "too_warm", temperatureC: this.airC });
    } else if (this.tooWarm && this.airC < alarmClearsBelowC) {
      this.tooWarm = false;
      events.push({ kind: "cold_again", temperatureC: this.airC });
    }
  }
}
