import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useSyncExternalStore } from "react";
import { Route, Switch } from "wouter";
import { ApiError } from "./api/client.ts";
import { LiveProvider, SessionProvider } from "./hooks.ts";
import { useCodeText, useText } from "./i18n/use-text.ts";
import { LoginScreen } from "./screens/login/login-screen.tsx";
import type { Session } from "./session.ts";
import { Button } from "./ui/button.tsx";
import { Logo } from "./ui/logo.tsx";

const Shell = lazy(() => import("./shell/shell.tsx"));
const FleetScreen = lazy(() => import("./screens/fleet/fleet-screen.tsx"));
const MachineScreen = lazy(() => import("./screens/machine/machine-screen.tsx"));
const EventsScreen = lazy(() => import("./screens/events/events-screen.tsx"));
const ConnectionsScreen = lazy(() => import("./screens/system/connections-screen.tsx"));
const TraceScreen = lazy(() => import("./screens/system/trace-screen.tsx"));
const PeopleScreen = lazy(() => import("./screens/system/people-screen.tsx"));
const AuditScreen = lazy(() => import("./screens/system/audit-screen.tsx"));
const NotFoundScreen = lazy(() => import("./screens/not-found-screen.tsx"));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      // A refusal stays a refusal; only what got no answer is tried again.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.status === 0,
    },
  },
});

export function App({ session }: { session: Session }) {
  const state = useSyncExternalStore(session.subscribe, () => session.state);
  return (
    <SessionProvider value={session}>
      <QueryClientProvider client={queries}>
        {state.name === "starting" ? <Splash /> : null}
        {state.name === "login" ? <LoginScreen /> : null}
        {state.name === "unreachable" ? <Unreachable code={state.code} onRetry={() => void session.resume()} /> : null}
        {state.name === "open" ? (
          <LiveProvider value={state.live}>
            <Suspense fallback={<Splash />}>
              <Shell>
                <Suspense fallback={null}>
                  <Switch>
                    <Route path="/" component={FleetScreen} />
                    <Route path="/machines/:id">{({ id }) => <MachineScreen key={id} vmId={id} />}</Route>
                    <Route path="/events" component={EventsScreen} />
                    {state.live.me.role === "admin" ? (
                      <>
                        <Route path="/system/connections" component={ConnectionsScreen} />
                        <Route path="/system/trace" component={TraceScreen} />
                        <Route path="/system/people" component={PeopleScreen} />
                        <Route path="/system/audit" component={AuditScreen} />
                      </>
                    ) : null}
                    <Route component={NotFoundScreen} />
                  </Switch>
                </Suspense>
              </Shell>
            </Suspense>
          </LiveProvider>
        ) : null}
      </QueryClientProvider>
    </SessionProvider>
  );
}

function Splash() {
  const t = useText();
  return (
    <div className="grid min-h-dvh place-items-center" role="status">
      <span className="sr-only">{t("common.loading")}</span>
      <Logo className="size-10 animate-pulse" />
    </div>
  );
}

function Unreachable({ code, onRetry }: { code: string; onRetry: () => void }) {
  const t = useText();
  const codeText = useCodeText();
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center gap-3 p-6 text-center">
      <Logo className="size-10" />
      <h1 className="font-semibold text-xl">{t("unreachable.title")}</h1>
      <p className="text-muted">{codeText("err", code)}</p>
      <Button look="primary" onClick={onRetry} className="mt-2">
        {t("common.retry")}
      </Button>
    </main>
  );
}
