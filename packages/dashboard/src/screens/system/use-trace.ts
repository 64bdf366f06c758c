import type { TraceKind, TraceMessage, TraceRow, TraceStep } from "@fleetcast/protocol";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLive } from "../../hooks.ts";

/** Steps that are kept on the screen; older ones go. */
const stepsMax = 500;

export interface NumberedStep extends TraceStep {
  readonly number: number;
}

export interface TraceView {
  readonly trace: TraceRow | null;
  /** Newest first. */
  readonly steps: readonly NumberedStep[];
  readonly dropped: number;
  readonly running: boolean;
  start(request: { kind: TraceKind; subject: string; payloads: boolean }): Promise<void>;
  stop(): void;
}

/** One trace of this tab: begun on the server, followed on its channel, ended with the screen. */
export function useTrace(): TraceView {
  const { api, subscriptions } = useLive();
  const [trace, setTrace] = useState<TraceRow | null>(null);
  const [running, setRunning] = useState(false);
  const [steps, setSteps] = useState<readonly NumberedStep[]>([]);
  const [dropped, setDropped] = useState(0);
  const numbers = useRef(0);
  const id = trace?.id;
  const channel = trace?.channel;

  useEffect(() => {
    if (!running || channel === undefined || id === undefined) return;
    const lease = subscriptions.acquire(
      { channel, options: { getToken: async () => (await api.subscriptionToken(channel)).token } },
      {
        publication: ({ data }) => {
          const message = data as TraceMessage;
          const fresh = message.steps.map((step) => ({ ...step, number: numbers.current++ })).reverse();
          setSteps((known) => [...fresh, ...known].slice(0, stepsMax));
          setDropped((count) => count + (message.dropped ?? 0));
          if (message.ended === true) setRunning(false);
        },
        refused: () => setRunning(false),
      },
    );
    return () => {
      lease.release();
      // It may have ended by itself; then there is nothing left to end.
      api.endTrace({ id }).catch(() => undefined);
    };
  }, [api, subscriptions, running, channel, id]);

  return {
    trace,
    steps,
    dropped,
    running,
    start: useCallback(
      async (request) => {
        const begun = await api.startTrace(request);
        setSteps([]);
        setDropped(0);
        setTrace(begun);
        setRunning(true);
      },
      [api],
    ),
    stop: useCallback(() => setRunning(false), []),
  };
}
