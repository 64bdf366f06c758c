import type { Me, Role } from "@fleetcast/protocol";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { LiveProvider, SessionProvider } from "../src/hooks.ts";
import { ServerClock } from "../src/live/clock.ts";
import { CommandBook } from "../src/live/command-book.ts";
import { ConnectionModel } from "../src/live/connection-model.ts";
import { EventFeed } from "../src/live/event-feed.ts";
import { FlushLoop } from "../src/live/flush-loop.ts";
import type { LiveApp } from "../src/live/live-app.ts";
import { LiveStore } from "../src/live/live-store.ts";
import { NoticeBoard } from "../src/live/notice-board.ts";
import { PopupCenter } from "../src/live/popup-center.ts";
import type { Session } from "../src/session.ts";
import { FakeClock, FakeFrames } from "./fake-clock.ts";

/** The stores of a signed-in tab without its connection, for looking at one component. */
export function fakeLive(role: Role = "admin", api: Record<string, unknown> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 26, 14, 50));
  const frames = new FakeFrames();
  const loop = new FlushLoop(clock, frames);
  const me: Me = { id: "u_me", name: "admin", role, csrf: "", server_time_ms: clock.now() };
  const live = {
    me,
    api,
    clock,
    loop,
    serverClock: new ServerClock(clock),
    model: new ConnectionModel(clock),
    store: new LiveStore(loop),
    feed: new EventFeed(loop),
    commands: new CommandBook(loop),
    notices: new NoticeBoard({ read: () => [], write: () => {} }),
    popups: new PopupCenter(clock),
    retry: () => {},
  };
  return { ...live, frames, asLive: live as unknown as LiveApp };
}

export function renderIn(live: LiveApp, session: Partial<Session>, children: ReactNode): RenderResult {
  return render(
    <SessionProvider value={session as Session}>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <LiveProvider value={live}>{children}</LiveProvider>
      </QueryClientProvider>
    </SessionProvider>,
  );
}
