import { useSyncExternalStore } from "react";
import { useServerNow } from "../../hooks.ts";
import { useText } from "../../i18n/use-text.ts";
import { collapseRepeats } from "../../live/collapse.ts";
import type { MachineSession } from "../../live/machine-session.ts";
import { FeedLine } from "../../ui/feed-line.tsx";

const linesMax = 100;

export function EventsTab({ session }: { session: MachineSession }) {
  const t = useText();
  const now = useServerNow();
  const items = useSyncExternalStore(session.feed.subscribe, () => session.feed.items);
  if (items.length === 0) return <p className="px-4 py-10 text-center text-muted">{t("feed.empty")}</p>;
  const lines = collapseRepeats(items);
  return (
    <>
      <div role="log" aria-label={t("machine.tab.events")}>
        <ol className="divide-y">
          {lines.slice(0, linesMax).map((line) => (
            <li key={line.item.id}>
              <FeedLine line={line} nowMs={now} withMachine={false} />
            </li>
          ))}
        </ol>
      </div>
      {lines.length > linesMax || session.feed.trimmed ? (
        <p className="border-t px-4 py-3 text-muted text-sm">{t("feed.latest", { count: linesMax })}</p>
      ) : null}
    </>
  );
}
