import { Link } from "wouter";
import { useFeed, useMediaQuery, useServerNow } from "../../hooks.ts";
import { useText } from "../../i18n/use-text.ts";
import { collapseRepeats } from "../../live/collapse.ts";
import { FeedLine } from "../../ui/feed-line.tsx";

const linesMax = 40;

/** What has just happened, beside the list where there is room for it. */
export function FleetFeed() {
  const roomy = useMediaQuery("(min-width: 1400px)");
  return roomy ? <Feed /> : null;
}

function Feed() {
  const t = useText();
  const items = useFeed();
  const now = useServerNow();
  const lines = collapseRepeats(items.slice(0, linesMax * 2)).slice(0, linesMax);
  return (
    <aside
      aria-label={t("feed.title")}
      className="sticky top-[76px] flex max-h-[calc(100dvh-96px)] flex-col overflow-hidden rounded-xl border bg-surface"
    >
      <div className="flex h-10 shrink-0 items-center justify-between border-b px-4">
        <h2 className="font-medium">{t("feed.title")}</h2>
        <Link href="/events" className="text-accent text-sm hover:underline">
          {t("feed.all")}
        </Link>
      </div>
      {lines.length === 0 ? (
        <p className="px-4 py-8 text-center text-muted text-sm">{t("feed.empty")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <ol tabIndex={0} className="min-h-0 overflow-y-auto py-1">
          {lines.map((line) => (
            <li key={line.item.id}>
              <FeedLine line={line} nowMs={now} withMachine />
            </li>
          ))}
        </ol>
      )}
    </aside>
  );
}
