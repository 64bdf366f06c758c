import { useEffect, useRef, useState } from "react";
import { useLive } from "../../hooks.ts";
import { type FleetQuery, keepOrder, orderFleet } from "./fleet-order.ts";

const resortEveryMs = 2_000;

/** The order of the list: at once when the question changes, at most every 2 s when the answers do, never under the pointer. */
export function useFleetOrder(query: FleetQuery): { ids: readonly string[]; pointer: (inside: boolean) => void } {
  const { store, clock } = useLive();
  const { filter, sort, search } = query;
  const [ids, setIds] = useState<readonly string[]>(() => orderFleet(store.rows(), { filter, sort, search }));
  const inside = useRef(false);

  useEffect(() => {
    const question: FleetQuery = { filter, sort, search };
    let lastMs = clock.now();
    let timer: number | null = null;
    const resort = () => {
      timer = null;
      lastMs = clock.now();
      const next = orderFleet(store.rows(), question);
      setIds((current) => {
        const ordered = inside.current ? keepOrder(current, next) : next;
        return sameList(current, ordered) ? current : ordered;
      });
    };
    setIds(orderFleet(store.rows(), question));
    const remove = store.subscribeList(() => {
      timer ??= clock.setTimeout(resort, Math.max(0, lastMs + resortEveryMs - clock.now()));
    });
    return () => {
      remove();
      if (timer !== null) clock.clearTimeout(timer);
    };
  }, [store, clock, filter, sort, search]);

  return {
    ids,
    pointer: (isInside) => {
      inside.current = isInside;
    },
  };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
