import type { FleetRow, FleetTotals } from "@fleetcast/protocol";
import { createContext, useCallback, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { LinkView } from "./live/connection-model.ts";
import type { FeedItem } from "./live/event-feed.ts";
import type { Notice } from "./live/fleet-events.ts";
import type { LiveApp } from "./live/live-app.ts";
import type { Place } from "./live/popup-center.ts";
import { Signal } from "./live/signal.ts";
import type { Session } from "./session.ts";
import { theme } from "./settings/theme.ts";

const sessionContext = createContext<Session | null>(null);
const liveContext = createContext<LiveApp | null>(null);
export const SessionProvider = sessionContext.Provider;
export const LiveProvider = liveContext.Provider;

export function useSession(): Session {
  const session = useContext(sessionContext);
  if (session === null) throw new Error("useSession is used outside of its provider");
  return session;
}

export function useLive(): LiveApp {
  const live = useContext(liveContext);
  if (live === null) throw new Error("useLive is used outside of its provider");
  return live;
}

export function useRow(vmId: string): FleetRow | undefined {
  const { store } = useLive();
  const subscribe = useCallback((listener: () => void) => store.subscribeRow(vmId, listener), [store, vmId]);
  return useSyncExternalStore(subscribe, () => store.get(vmId));
}

export function useTotals(): FleetTotals {
  const { store } = useLive();
  return useSyncExternalStore(store.subscribeTotals, () => store.totals);
}

export function useFleetLoaded(): boolean {
  const { store } = useLive();
  return useSyncExternalStore(store.subscribeTotals, () => store.loaded);
}

export function useLink(): LinkView {
  const { model } = useLive();
  return useSyncExternalStore(model.subscribe, () => model.view);
}

export function useNotices(): readonly Notice[] {
  const { notices } = useLive();
  return useSyncExternalStore(notices.subscribe, () => notices.notices);
}

export function useFeed(): readonly FeedItem[] {
  const { feed } = useLive();
  return useSyncExternalStore(feed.subscribe, () => feed.items);
}

export function useShownTheme(): "light" | "dark" {
  return useSyncExternalStore(theme.subscribe, () => theme.shown);
}

/** One beat a second for everything that says how long ago something was; it rests while the page is hidden. */
class Beat {
  readonly #signal = new Signal();
  #timer: number | null = null;
  #beats = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    const remove = this.#signal.subscribe(listener);
    this.#timer ??= window.setInterval(() => {
      if (document.hidden) return;
      this.#beats++;
      this.#signal.emit();
    }, 1_000);
    return () => {
      remove();
      if (this.#signal.size > 0 || this.#timer === null) return;
      window.clearInterval(this.#timer);
      this.#timer = null;
    };
  };

  readonly count = (): number => this.#beats;
}

const beat = new Beat();

/** The server's time, renewed every second. */
export function useServerNow(): number {
  const { serverClock } = useLive();
  useSyncExternalStore(beat.subscribe, beat.count);
  return serverClock.now();
}

/** Tells the pop-ups where the person is. */
export function usePlace(name: Place["name"], vmId?: string): void {
  const { popups } = useLive();
  useEffect(() => {
    popups.place = name === "machine" ? { name, vmId: vmId ?? "" } : { name };
    return () => {
      popups.place = { name: "other" };
    };
  }, [popups, name, vmId]);
}

export function useMediaQuery(query: string): boolean {
  const [list] = useState(() => window.matchMedia(query));
  const subscribe = useCallback(
    (listener: () => void) => {
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    [list],
  );
  return useSyncExternalStore(subscribe, () => list.matches);
}
