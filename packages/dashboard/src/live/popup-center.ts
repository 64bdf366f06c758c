import type { FleetEvent } from "@fleetcast/protocol";
import type { Clock } from "./clock.ts";
import type { TrackedCommand } from "./command-book.ts";
import { isShake, isVendSuccess } from "./fleet-events.ts";
import { PopupGate } from "./popup-gate.ts";

/** Something that appears over the page and goes away by itself. */
export type Popup =
  | { readonly kind: "event"; readonly event: FleetEvent; readonly critical: boolean }
  | { readonly kind: "message"; readonly id: string; readonly vmId: string; readonly text: string }
  | { readonly kind: "command"; readonly command: TrackedCommand }
  | { readonly kind: "summary"; readonly count: number };

/** What the person is looking at: a sale pops up on its machine's own page and on the fleet page, not elsewhere. */
export type Place = { readonly name: "fleet" } | { readonly name: "machine"; readonly vmId: string } | { readonly name: "other" };

/** Older than this, an event is history that was just caught up with: it belongs into the feed, not over the page. */
const freshMs = 60_000;

/** Decides what pops up (dashboard rules 6.6); how it looks is the listener's business. */
export class PopupCenter {
  readonly #clock: Clock;
  readonly #gate = new PopupGate();
  readonly #listeners = new Set<(popup: Popup) => void>();
  place: Place = { name: "other" };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(listener: (popup: Popup) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  event(event: FleetEvent, ageMs: number): void {
    if (ageMs > freshMs || !this.#wanted(event)) return;
    const critical = event.severity === "critical";
    this.#offer(event.event_id, critical, { kind: "event", event, critical });
  }

  message(id: string, vmId: string, text: string, ageMs: number): void {
    if (ageMs > freshMs) return;
    this.#offer(id, false, { kind: "message", id, vmId, text });
  }

  /** One's own command that did not go well; success is told by the step line where it was started. */
  command(command: TrackedCommand): void {
    if (command.state !== "failed" && command.state !== "expired" && command.state !== "rejected") return;
    this.#offer(`${command.cmdId}/${command.state}`, false, { kind: "command", command });
  }

  #wanted(event: FleetEvent): boolean {
    if (isShake(event.type)) return true;
    if (isVendSuccess(event.type)) {
      return this.place.name === "fleet" || (this.place.name === "machine" && this.place.vmId === event.vm_id);
    }
    return event.severity !== "info";
  }

  #offer(id: string, critical: boolean, popup: Popup): void {
    const verdict = this.#gate.offer(id, critical, this.#clock.now());
    if (verdict.kind === "seen") return;
    const shown: Popup = verdict.kind === "show" ? popup : { kind: "summary", count: verdict.count };
    for (const listener of this.#listeners) listener(shown);
  }
}
