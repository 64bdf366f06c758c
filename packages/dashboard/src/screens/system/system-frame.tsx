import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { ApiError } from "../../api/client.ts";
import type { MessageKey } from "../../i18n/i18n.ts";
import { useCodeText, useText } from "../../i18n/use-text.ts";
import { Button } from "../../ui/button.tsx";
import { useTitle } from "../../ui/use-title.ts";

const places = [
  { href: "/system/connections", label: "system.connections" },
  { href: "/system/trace", label: "system.trace" },
  { href: "/system/people", label: "system.people" },
  { href: "/system/audit", label: "system.audit" },
] as const satisfies readonly { href: string; label: MessageKey }[];

/** The frame of the administrator's screens: where one is among them, and what the screen can do at once. */
export function SystemFrame({ title, actions, children }: { title: MessageKey; actions?: ReactNode; children: ReactNode }) {
  const t = useText();
  useTitle(t(title));
  const [path] = useLocation();
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="mr-auto font-semibold text-xl">{t(title)}</h1>
        {actions}
      </div>
      <nav aria-label={t("nav.system")} className="-mx-4 overflow-x-auto border-b px-4 sm:mx-0 sm:px-0">
        <ul className="flex gap-1">
          {places.map(({ href, label }) => (
            <li key={href}>
              <Link
                href={href}
                aria-current={path === href ? "page" : undefined}
                className="inline-flex h-10 items-center whitespace-nowrap border-transparent border-b-2 px-3 text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-ink pointer-coarse:h-11"
              >
                {t(label)}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {children}
    </div>
  );
}

export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useText();
  const codeText = useCodeText();
  if (error === null || error === undefined) return null;
  return (
    <div role="alert" className="flex items-center gap-3 rounded-xl border border-warn bg-surface px-4 py-2.5">
      <span className="flex-1">{codeText("err", error instanceof ApiError ? error.code : "bad_answer")}</span>
      {onRetry === undefined ? null : (
        <Button size="small" onClick={onRetry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

/** A table that scrolls in itself where the page is narrow, also by keyboard. */
export function Table({ label, head, children }: { label: string; head: readonly string[]; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className="overflow-x-auto rounded-xl border bg-surface">
      <table className="w-full text-left text-sm">
        <thead className="border-b text-muted">
          <tr>
            {head.map((text) => (
              <th key={text} scope="col" className="whitespace-nowrap px-3 py-2.5 font-medium first:pl-4 last:pr-4">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="[&>tr:last-child]:border-0 [&>tr]:border-b [&_td:first-child]:pl-4 [&_td:last-child]:pr-4 [&_td]:px-3 [&_td]:py-2">
          {children}
        </tbody>
      </table>
    </section>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="rounded-xl border bg-surface py-14 text-center text-muted">{children}</p>;
}
