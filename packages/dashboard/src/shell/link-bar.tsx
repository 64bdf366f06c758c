import { RotateCw } from "lucide-react";
import { useLink, useLive, useServerNow } from "../hooks.ts";
import { type Format, useFormat } from "../i18n/format.ts";
import { type Text, useText } from "../i18n/use-text.ts";
import type { LinkView } from "../live/connection-model.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { useEndWords } from "./end-words.ts";
import { linkLook } from "./link-words.ts";

/** A line under the top bar while anything but live has to be said. It takes room, so that nothing is hidden beneath it. */
export function LinkBar() {
  const link = useLink();
  if (!hasSomethingToSay(link)) return null;
  return <Bar link={link} />;
}

function hasSomethingToSay(link: LinkView): boolean {
  if (link.state === "live" || link.state === "catching-up") return link.note !== null;
  return link.everConnected || link.state === "offline" || link.state === "signed-out" || link.attempt > 1;
}

function Bar({ link }: { link: LinkView }) {
  const t = useText();
  const format = useFormat();
  const { retry, clock } = useLiveParts();
  const endWords = useEndWords();
  useServerNow();
  const look = linkLook(link);
  const Icon = look.icon;
  const canRetry = link.state === "reconnecting";
  return (
    <div
      className={classNames("border-t px-4 sm:px-6", look.colour)}
      style={{ background: "color-mix(in srgb, currentColor 9%, var(--surface))" }}
    >
      <div className="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 py-1.5 text-sm">
        <Icon size={16} className={classNames("shrink-0", look.spins && "animate-spin")} aria-hidden />
        <span className="min-w-0 flex-1 text-ink">{sentence(link, clock.now(), t, format, endWords)}</span>
        {canRetry ? (
          <Button size="small" onClick={retry}>
            <RotateCw size={14} aria-hidden />
            {t("link.retry")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function useLiveParts() {
  const live = useLive();
  return { retry: () => live.retry(), clock: live.clock };
}

function sentence(link: LinkView, nowMs: number, t: Text, format: Format, endWords: (reason: string) => string): string {
  const asOf = link.lostAtMs === null ? "" : t("link.bar.asof", { time: format.time(link.lostAtMs) });
  switch (link.state) {
    case "offline":
      return `${t("link.bar.offline")} ${asOf}`.trim();
    case "reconnecting":
      return `${t("link.bar.reconnecting", { attempt: Math.max(1, link.attempt), waited: format.duration(nowMs - link.sinceMs) })} ${asOf}`.trim();
    case "signed-out":
      return `${endWords(link.reason ?? "")} ${asOf}`.trim();
    case "slow":
      return t("link.bar.slow", { lag: format.decimal((link.lagMs ?? 0) / 1_000), hop: t(`link.hop.${link.slowHop ?? "push"}`) });
    case "gap": {
      const gap = link.gaps.at(-1);
      if (gap === undefined) return t("link.gap");
      return t("link.bar.gap", { from: format.time(gap.fromMs), to: format.time(gap.toMs) });
    }
    default:
      return link.note === null
        ? ""
        : t("link.bar.recovered", { count: format.integer(link.note.recovered), away: format.duration(link.note.awayMs) });
  }
}
