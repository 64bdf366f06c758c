import { Signal } from "../live/signal.ts";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const storageKey = "fleetcast.theme";
const darkQuery = "(prefers-color-scheme: dark)";

/** The colour scheme: the system's unless one was chosen. `shown` is what is on the screen now. */
class ThemeSetting {
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  #chosen: Theme = "system";

  start(): void {
    const stored = localStorage.getItem(storageKey);
    this.#chosen = stored === "light" || stored === "dark" ? stored : "system";
    window.matchMedia(darkQuery).addEventListener("change", () => this.#apply());
    this.#apply();
  }

  get chosen(): Theme {
    return this.#chosen;
  }

  get shown(): "light" | "dark" {
    if (this.#chosen !== "system") return this.#chosen;
    return window.matchMedia(darkQuery).matches ? "dark" : "light";
  }

  choose(theme: Theme): void {
    this.#chosen = theme;
    localStorage.setItem(storageKey, theme);
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset["theme"] = this.shown;
    this.#signal.emit();
  }
}

export const theme = new ThemeSetting();
