import { Activity, LayoutGrid, type LucideIcon, ShieldCheck } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation } from "wouter";
import { useLink, useLive, useNotices } from "../hooks.ts";
import type { MessageKey } from "../i18n/i18n.ts";
import { useText } from "../i18n/use-text.ts";
import { classNames } from "../ui/class-names.ts";
import { Logo } from "../ui/logo.tsx";
import { LinkBar } from "./link-bar.tsx";
import { LinkPill } from "./link-pill.tsx";
import { NoticeBanner } from "./notice-banner.tsx";
import { Popups } from "./popups.tsx";
import { SignedOutDialog } from "./signed-out-dialog.tsx";
import { UserMenu } from "./user-menu.tsx";

interface Destination {
  readonly href: string;
  readonly label: MessageKey;
  readonly icon: LucideIcon;
  readonly owns: (path: string) => boolean;
  /** Hidden from everybody else; the server checks again. */
  readonly forAdmins?: true;
}

const destinations: readonly Destination[] = [
  { href: "/", label: "nav.fleet", icon: LayoutGrid, owns: (path) => path === "/" || path.startsWith("/machines/") },
  { href: "/events", label: "nav.events", icon: Activity, owns: (path) => path === "/events" },
  { href: "/system/connections", label: "nav.system", icon: ShieldCheck, owns: (path) => path.startsWith("/system/"), forAdmins: true },
];

function useDestinations(): readonly Destination[] {
  const { me } = useLive();
  return destinations.filter(({ forAdmins }) => forAdmins !== true || me.role === "admin");
}

/** The frame around every screen: where one can go, and how true what is shown is. */
export default function Shell({ children }: { children: ReactNode }) {
  const t = useText();
  const link = useLink();
  useCriticalTitle();
  const stale = link.state === "reconnecting" || link.state === "offline" || link.state === "signed-out";
  return (
    <div data-link={stale && link.everConnected ? "stale" : "current"} className="min-h-dvh lg:grid lg:grid-cols-[208px_minmax(0,1fr)]">
      <a
        href="#content"
        className="-translate-y-20 fixed top-2 left-2 z-50 rounded-lg bg-accent px-4 py-2 font-medium text-bg focus:translate-y-0"
      >
        {t("shell.skip")}
      </a>
      <Sidebar />
      <div className="flex min-h-dvh min-w-0 flex-col">
        <header className="sticky top-0 z-30 border-b bg-surface">
          <div className="flex h-14 items-center gap-2 px-4 sm:px-6">
            <Link href="/" className="flex items-center gap-2.5 rounded-lg font-semibold text-lg lg:hidden" aria-label="Fleetcast">
              <Logo className="size-7" />
              <span className="max-[380px]:hidden">Fleetcast</span>
            </Link>
            <div className="ml-auto flex items-center gap-1.5">
              <LinkPill />
              <UserMenu />
            </div>
          </div>
          <LinkBar />
        </header>
        <NoticeBanner />
        <main id="content" tabIndex={-1} className="mx-auto w-full max-w-[1560px] flex-1 px-4 pt-5 pb-28 outline-none sm:px-6 lg:pb-12">
          {children}
        </main>
      </div>
      <TabBar />
      <Popups />
      <SignedOutDialog />
    </div>
  );
}

function Sidebar() {
  const t = useText();
  const [path] = useLocation();
  const shown = useDestinations();
  return (
    <nav aria-label={t("nav.label")} className="sticky top-0 hidden h-dvh flex-col border-r bg-surface p-3 lg:flex">
      <Link href="/" className="mb-4 flex h-10 items-center gap-2.5 rounded-lg px-2 font-semibold text-lg">
        <Logo className="size-7" />
        Fleetcast
      </Link>
      <ul className="grid gap-1">
        {shown.map(({ href, label, icon: Icon, owns }) => (
          <li key={href}>
            <Link
              href={href}
              aria-current={owns(path) ? "page" : undefined}
              className="flex h-9 items-center gap-3 rounded-lg px-2.5 text-muted hover:bg-raised hover:text-ink aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-ink"
            >
              <Icon size={17} aria-hidden />
              {t(label)}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function TabBar() {
  const t = useText();
  const [path] = useLocation();
  const shown = useDestinations();
  return (
    <nav
      aria-label={t("nav.label")}
      className="fixed inset-x-0 bottom-0 z-30 border-t bg-surface pb-[env(safe-area-inset-bottom)] lg:hidden"
    >
      <ul className="mx-auto grid max-w-md auto-cols-fr grid-flow-col">
        {shown.map(({ href, label, icon: Icon, owns }) => {
          const here = owns(path);
          return (
            <li key={href}>
              <Link
                href={href}
                aria-current={here ? "page" : undefined}
                className={classNames(
                  "flex h-14 flex-col items-center justify-center gap-0.5 text-xs",
                  here ? "font-medium text-accent" : "text-muted",
                )}
              >
                <Icon size={20} aria-hidden />
                {t(label)}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** The number of critical notices stands in the tab's title, where it is seen while the tab is hidden. */
function useCriticalTitle(): void {
  const { notices } = useLive();
  useNotices();
  const count = notices.criticalCount;
  useEffect(() => {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = count > 0 ? `(${count}) ${bare}` : bare;
  }, [count]);
}
