import { ChevronRight } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useServerNow } from "../../hooks.ts";
import { useFormat } from "../../i18n/format.ts";
import { useText } from "../../i18n/use-text.ts";
import type { MachineSession } from "../../live/machine-session.ts";

/** The last payloads exactly as they were published, the newest open. */
export function RawTab({ session }: { session: MachineSession }) {
  const t = useText();
  const format = useFormat();
  const now = useServerNow();
  const payloads = useSyncExternalStore(session.subscribe, () => session.raw);
  if (payloads.length === 0) return <p className="px-4 py-10 text-center text-muted">{t("raw.empty")}</p>;
  return (
    <ol className="divide-y">
      {payloads.map((payload, index) => (
        <li key={payload.key}>
          <details open={index === 0} className="group">
            <summary className="flex min-h-10 list-none items-center gap-3 px-4 py-1.5 text-sm [&::-webkit-details-marker]:hidden">
              <ChevronRight size={14} className="shrink-0 text-muted transition-transform group-open:rotate-90" aria-hidden />
              <time className="shrink-0">{format.moment(payload.atMs, now)}</time>
              <span className="shrink-0 text-muted">{payload.offset === null ? "" : `#${payload.offset}`}</span>
              <span className="min-w-0 flex-1 truncate font-mono text-muted text-xs">{JSON.stringify(payload.data)}</span>
              {payload.lagMs === null ? null : (
                <span className="shrink-0 text-muted">{t("raw.lag", { ms: Math.round(payload.lagMs) })}</span>
              )}
            </summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
            <pre tabIndex={0} className="overflow-x-auto bg-raised px-4 py-3 font-mono text-xs leading-relaxed">
              {JSON.stringify(payload.data, null, 2)}
            </pre>
          </details>
        </li>
      ))}
    </ol>
  );
}
