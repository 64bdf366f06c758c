import type { LoginRequest } from "@fleetcast/protocol";
import { Api, ApiError } from "./api/client.ts";
import { browserClock, ServerClock } from "./live/clock.ts";
import { ConnectionModel } from "./live/connection-model.ts";
import { browserFrames, FlushLoop } from "./live/flush-loop.ts";
import type { LiveApp } from "./live/live-app.ts";
import type { DismissedStore } from "./live/notice-board.ts";
import { Signal } from "./live/signal.ts";

export type SessionState =
  | { readonly name: "starting" }
  | { readonly name: "login" }
  | { readonly name: "unreachable"; readonly code: string }
  | { readonly name: "open"; readonly live: LiveApp };

const judgeEveryMs = 500;
/** Says that somebody logged in here; without it the server need not be asked who, which would only be refused. */
const signedInKey = "fleetcast.signed-in";

const dismissedKey = "fleetcast.dismissed";

const dismissed: DismissedStore = {
  read: () => (localStorage.getItem(dismissedKey) ?? "").split("\n").filter((id) => id !== ""),
  write: (ids) => localStorage.setItem(dismissedKey, ids.join("\n")),
};

/** The person's session in this tab, from the first question "who am I" to logging out. Wires the live layer to the browser. */
export class Session {
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  readonly #clock = browserClock;
  readonly #serverClock = new ServerClock(browserClock);
  readonly #loop = new FlushLoop(browserClock, browserFrames);
  readonly #model = new ConnectionModel(browserClock);
  readonly api: Api;
  #state: SessionState = { name: "starting" };

  constructor() {
    this.api = new Api({
      fetch: (input, init) => fetch(input, init),
      clock: this.#clock,
      serverClock: this.#serverClock,
      onSignedOut: (reason) => {
        if (this.#state.name === "open") this.#model.signedOut(reason);
      },
      onRoundTrip: (milliseconds) => this.#model.roundTrip(milliseconds),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  async start(): Promise<void> {
    window.addEventListener("online", () => this.#model.network(true));
    window.addEventListener("offline", () => this.#model.network(false));
    document.addEventListener("visibilitychange", () => {
      if (this.#state.name === "open") this.#state.live.visibilityChanged(document.hidden);
    });
    window.setInterval(() => this.#model.tick(), judgeEveryMs);
    if (localStorage.getItem(signedInKey) === null) this.#set({ name: "login" });
    else await this.resume();
  }

  /** Opens the page for whoever the cookie says is signed in. */
  async resume(): Promise<void> {
    this.#set({ name: "starting" });
    try {
      const me = await this.api.me();
      await this.#open(me);
    } catch (error) {
      if (error instanceof ApiError && error.unauthorized) {
        localStorage.removeItem(signedInKey);
        this.#set({ name: "login" });
      } else this.#set({ name: "unreachable", code: error instanceof ApiError ? error.code : "bad_answer" });
    }
  }

  /** Throws the API's refusal for the form to tell. Over an open page the same person goes on where they were. */
  async login(request: LoginRequest): Promise<void> {
    const me = await this.api.login(request);
    localStorage.setItem(signedInKey, "1");
    if (this.#state.name !== "open") return await this.#open(me);
    if (this.#state.live.me.id !== me.id) {
      // Somebody else sits here now: nothing of the former person's page may stay.
      window.location.assign("/");
      return;
    }
    this.#model.signedIn();
    this.#state.live.signedInAgain();
  }

  async logout(): Promise<void> {
    const live = this.#state.name === "open" ? this.#state.live : undefined;
    live?.leave();
    try {
      await this.api.logout();
    } catch (error) {
      // Without an answer the cookie may live on; say so instead of pretending.
      if (!(error instanceof ApiError && error.unauthorized)) {
        live?.stay();
        throw error;
      }
    }
    localStorage.removeItem(signedInKey);
    live?.stop();
    window.location.assign("/");
  }

  async #open(me: Awaited<ReturnType<Api["me"]>>): Promise<void> {
    const [token, { LiveApp }] = await Promise.all([this.api.realtimeToken(), import("./live/live-app.ts")]);
    const live = new LiveApp({
      me,
      token,
      api: this.api,
      clock: this.#clock,
      serverClock: this.#serverClock,
      loop: this.#loop,
      model: this.#model,
      dismissed,
      pageAddress: window.location.href,
      hidden: () => document.hidden,
    });
    if (!navigator.onLine) this.#model.network(false);
    live.start();
    this.#set({ name: "open", live });
  }

  #set(state: SessionState): void {
    this.#state = state;
    this.#signal.emit();
  }
}
