import { ClipboardCopy } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { useLink, useLive } from "../hooks.ts";
import { type Format, useFormat } from "../i18n/format.ts";
import { type Text, useText } from "../i18n/use-text.ts";
import type { LinkView } from "../live/connection-model.ts";
import { Button } from "../ui/button.tsx";
import { classNames } from "../ui/class-names.ts";
import { linkLook } from "./link-words.ts";

/** The state of the connection, always in sight; behind it everything that is known about it. */
export function LinkPill() {
  const t = useText();
  const link = useLink();
  const look = linkLook(link);
  const Icon = look.icon;
  const lag = (link.state === "live" || link.state === "slow") && link.lagMs !== null ? lagText(link.lagMs) : null;
  return (
    <Popover.Root>
      <Popover.Trigger className="inline-flex h-9 items-center gap-2 rounded-full border bg-surface px-3 text-sm hover:bg-raised pointer-coarse:h-11">
        <Icon size={16} className={classNames(look.colour, look.spins && "animate-spin")} aria-hidden />
        <span className={classNames("font-medium", look.colour)}>{t(look.label)}</span>
        {lag === null ? null : <span className="min-w-[5ch] text-left text-muted">{lag}</span>}
      </Popover.Trigger>
      {/* Beside the button, not in it: a status gives a button no name. */}
      <span role="status" className="sr-only">
        {t(look.label)}
      </span>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={8}
          collisionPadding={12}
          className="float-in z-50 max-h-[76dvh] w-[min(400px,calc(100vw-24px))] overflow-y-auto rounded-2xl border bg-surface p-4 text-sm shadow-float outline-none"
        >
          <LinkDetails />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function LinkDetails() {
  const t = useText();
  const format = useFormat();
  const { serverClock } = useLive();
  const link = useLink();
  const [copied, setCopied] = useState(false);
  const facts = factsOf(link, serverClock.offsetMs, t, format);
  const copy = async () => {
    await navigator.clipboard.writeText(asText(link, facts));
    setCopied(true);
  };
  return (
    <div className="grid gap-4">
      <div className="flex items-center justify-between gap-3">
        <h2 className="font-semibold text-base">{t("link.title")}</h2>
        <Button look="quiet" size="small" onClick={() => void copy()}>
          <ClipboardCopy size={14} aria-hidden />
          {copied ? t("common.copied") : t("common.copy")}
        </Button>
      </div>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        {facts.map(([label, value]) => (
          <div key={label} className="contents">
            <dt className="text-muted">{label}</dt>
            <dd className="break-all text-right">{value}</dd>
          </div>
        ))}
      </dl>
      <section className="grid gap-1.5">
        <h3 className="font-medium text-muted">{t("link.channels")}</h3>
        <ul className="grid gap-1">
          {link.channels.map((channel) => (
            <li key={channel.channel} className="flex items-baseline gap-2">
              <span
                className={classNames(
                  "size-2 shrink-0 rounded-full",
                  channel.state === "subscribed" ? "bg-ok" : channel.state === "refused" ? "bg-crit" : "bg-warn",
                )}
              />
              <span className="min-w-0 flex-1 truncate font-mono text-xs" title={channel.channel}>
                {channel.channel}
              </span>
              <span className="text-muted text-xs">
                {channel.state === "subscribed" ? (channel.offset ?? "–") : (channel.detail ?? t(`link.channel.${channel.state}`))}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section className="grid gap-1.5">
        <h3 className="font-medium text-muted">{t("link.transitions")}</h3>
        <ol className="grid gap-1">
          {[...link.transitions].reverse().map((step) => (
            <li key={`${step.atMs}/${step.to}`} className="flex gap-3">
              <time className="shrink-0 text-muted">{format.time(step.atMs)}</time>
              <span>{t(`link.${step.to}`)}</span>
              <span className="ml-auto truncate text-muted text-xs">{step.detail}</span>
            </li>
          ))}
        </ol>
      </section>
    </div>
  );
}

function factsOf(link: LinkView, clockOffsetMs: number, t: Text, format: Format): [string, string][] {
  const facts: [string, string][] = [[t("link.fact.state"), `${t(linkLook(link).label)} · ${format.time(link.sinceMs)}`]];
  if (link.lagMs !== null) facts.push([t("link.fact.lag"), lagText(link.lagMs)]);
  if (link.slowHop !== null) facts.push([t("link.fact.hop"), t(`link.hop.${link.slowHop}`)]);
  if (link.transport !== null) facts.push([t("link.fact.transport"), link.transport]);
  if (link.clientId !== null) facts.push([t("link.fact.client"), link.clientId]);
  if (link.reason !== null) facts.push([t("link.fact.reason"), link.reason]);
  if (Math.abs(clockOffsetMs) > 2_000)
    facts.push([t("link.fact.clock"), `${clockOffsetMs > 0 ? "+" : "−"}${format.duration(Math.abs(clockOffsetMs))}`]);
  return facts;
}

function asText(link: LinkView, facts: readonly [string, string][]): string {
  const lines = facts.map(([label, value]) => `${label}: ${value}`);
  for (const view of link.channels)
    lines.push(`${view.channel} ${view.state} offset=${view.offset ?? "-"} epoch=${view.epoch ?? "-"} ${view.detail ?? ""}`.trimEnd());
  for (const step of link.transitions)
    lines.push(`${new Date(step.atMs).toISOString()} ${step.from} -> ${step.to} ${step.detail}`.trimEnd());
  return lines.join("\n");
}

function lagText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
