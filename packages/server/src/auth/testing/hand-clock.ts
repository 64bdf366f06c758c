/** A clock that stands still until a test moves it. */
export function handClock(startMs: number) {
  let nowMs = startMs;
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    advance: (byMs: number) => {
      nowMs += byMs;
    },
  };
}

export const quietLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
