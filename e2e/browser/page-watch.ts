import type { BrowserContext } from "@playwright/test";

/**
 * What no page of ours may do, whatever it shows: write an error or a warning to the console, throw, or ask another origin
 * for anything. Collected while a test runs, told at its end.
 */
export class PageWatch {
  readonly #origin: string;
  readonly #complaints: string[] = [];
  readonly #allowed: RegExp[] = [];

  constructor(context: BrowserContext, base: string) {
    this.#origin = new URL(base).host;
    context.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      this.#complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.#complaints.push(`not caught: ${error.error().message}`));
    context.on("request", (request) => this.#look(request.url()));
    context.on("page", (page) => page.on("websocket", (socket) => this.#look(socket.url())));
  }

  /** From now on a complaint that matches is expected; it still has to be one of these. */
  allow(...patterns: readonly RegExp[]): void {
    this.#allowed.push(...patterns);
  }

  get complaints(): string[] {
    return this.#complaints.filter((complaint) => !this.#allowed.some((pattern) => pattern.test(complaint)));
  }

  #look(address: string): void {
    const { protocol, host } = new URL(address);
    if (protocol === "data:" || protocol === "blob:" || host === this.#origin) return;
    this.#complaints.push(`another origin: ${address}`);
  }
}
