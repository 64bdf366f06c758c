import { useEffect } from "react";

/** Names the tab after the screen, and leaves the number of critical notices in front alone. */
export function useTitle(title: string): void {
  useEffect(() => {
    const count = /^\(\d+\) /.exec(document.title)?.[0] ?? "";
    document.title = `${count}${title} · Fleetcast`;
  }, [title]);
}
