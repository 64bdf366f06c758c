import type { FleetQueries } from "@fleetcast/storage";

const dayMs = 24 * 60 * 60 * 1_000;
/** The event types that are a sale (出餐成功). */
const vendTypes: readonly string[] = ["vend_success", "出餐成功"];

/** Sales since midnight UTC, by receive time: loaded once from the store, then counted as events are stored. */
export class VendCounter {
  #today = 0;
  #day = 0;

  async load(queries: Pick<FleetQueries, "countEvents">, nowMs: number): Promise<void> {
    this.#day = Math.floor(nowMs / dayMs);
    this.#today = 0;
    for (const type of vendTypes) this.#today += await queries.countEvents(type, this.#day * dayMs);
  }

  get today(): number {
    return this.#today;
  }

  /** True when this event was a sale of today. */
  count(type: string, atMs: number): boolean {
    if (!vendTypes.includes(type)) return false;
    this.turnDay(atMs);
    if (Math.floor(atMs / dayMs) !== this.#day) return false;
    this.#today++;
    return true;
  }

  /** True when a new day began. */
  turnDay(nowMs: number): boolean {
    const day = Math.floor(nowMs / dayMs);
    if (day <= this.#day) return false;
    this.#day = day;
    this.#today = 0;
    return true;
  }
}
