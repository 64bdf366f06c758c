import type { FleetEvent, Severity } from "@fleetcast/protocol";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { useLive } from "../../hooks.ts";
import { type CollapsedLine, collapseRepeats } from "../../live/collapse.ts";
import { EventFeed, type FeedItem } from "../../live/event-feed.ts";

export interface EventQuery {
  readonly vmId: string;
  readonly type: string;
  readonly severity: Severity | "";
}

const pageSize = 100;

/** What is stored, page by page, joined to what is live; paused, it stands still and counts what waits. */
export function useEventList({ vmId, type, severity }: EventQuery) {
  const live = useLive();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question needs another list
  const feed = useMemo(() => new EventFeed(live.loop), [live, vmId, type, severity]);
  const [before, setBefore] = useState<number | null>(null);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const [frozen, setFrozen] = useState<readonly FeedItem[] | null>(null);
  const current = useSyncExternalStore(feed.subscribe, () => feed.items);
  const newest = useRef(feed);
  newest.current = feed;

  const load = useCallback(
    async (beforeMs: number | null) => {
      setLoading(true);
      setError(null);
      try {
        const page = await live.api.events({
          vmId: vmId || undefined,
          type: type || undefined,
          severity: severity || undefined,
          beforeMs: beforeMs ?? undefined,
          limit: pageSize,
        });
        if (newest.current !== feed) return;
        for (const event of page.events) feed.addEvent(event);
        setBefore(page.next_before_ms);
      } catch (problem) {
        if (newest.current === feed) setError(problem);
      } finally {
        if (newest.current === feed) setLoading(false);
      }
    },
    [live, feed, vmId, type, severity],
  );

  useEffect(() => {
    feed.open();
    setFrozen(null);
    void load(null);
    const wanted = (event: FleetEvent) =>
      (vmId === "" || event.vm_id === vmId) && (type === "" || event.type === type) && (severity === "" || event.severity === severity);
    const follow = () => {
      for (const item of live.feed.items) {
        if (item.kind === "event" ? wanted(item.event) : vmId === "" && type === "" && severity === "") feed.add(item);
      }
    };
    follow();
    const remove = live.feed.subscribe(follow);
    return () => {
      remove();
      feed.close();
    };
  }, [live, feed, load, vmId, type, severity]);

  const shown = frozen ?? current;
  const lines = useMemo<readonly CollapsedLine[]>(() => collapseRepeats(shown), [shown]);
  const setPaused = useCallback((paused: boolean) => setFrozen((was) => (paused ? (was ?? feed.items) : null)), [feed]);
  return {
    lines,
    loading,
    error,
    paused: frozen !== null,
    waiting: frozen === null ? 0 : current.length - frozen.length,
    setPaused,
    hasMore: before !== null,
    loadMore: () => void load(before),
    retry: () => void load(null),
    trimmed: feed.trimmed,
    linesMax: feed.itemsMax,
  };
}
